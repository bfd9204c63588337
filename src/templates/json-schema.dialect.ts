import { Ajv, type AnySchemaObject, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { boundFormats } from './bounded.formats.js';
import { boundSteps, tellAlternatives, tellViolations } from './bounded.keywords.js';
import type { JsonSchema } from './json.types.js';
import { LinearPattern } from './linear-pattern.js';

/** A version of JSON Schema: its keywords, its meta-schema, its compiler. */
export interface SchemaDialect {
  readonly name: 'draft-07' | '2020-12';
  knowsKeyword(keyword: string): boolean;
  readonly keywords: readonly string[];
  readonly formats: readonly string[];
  compiler(schema: JsonSchema): SchemaCompiler;
}

export interface SchemaCompiler {
  /** To be called on a `ViolationCollector`. */
  readonly metaSchemaCheck: ValidateFunction;
  /**
   * @param annotations names of keywords to pass over
   * @throws Error with ajv's message, which names the keyword
   */
  compile(schema: JsonSchema, annotations: Iterable<string>): CompiledSchema;
}

/** Two checks of one schema. */
export interface CompiledSchema {
  /** Ends at the first violation; to be called on `CheckSteps`. */
  readonly fits: ValidateFunction;
  /** Compiles the check that looks for all violations; to be called on a `ViolationCollector`. */
  readonly explain: () => ValidateFunction;
}

const OPTIONS: Options = {
  // What `this` is in the compiled code: it counts, and ends a check that takes too long.
  passContext: true,
  // Unknown formats and half-written conditions are mistakes; a keyword without its `type`, and a tuple without its length, are style.
  strictSchema: true,
  strictTypes: false,
  strictTuples: false,
  // Without it `required: [toString]` is met by every object.
  ownProperties: true,
  validateSchema: false,
  logger: false,
};
const MATCHING = {
  regExp: Object.assign((pattern: string, flags: string) => new LinearPattern(pattern, flags), {
    code: 'new RegExp',
  }),
};
/** Ends at the first violation. */
const QUICK: Options = { ...OPTIONS, code: MATCHING };
/** Looks for all violations. */
const THOROUGH: Options = { ...OPTIONS, allErrors: true, code: { ...MATCHING, process: tellViolations } };

// Annotations that other tools write into schemas. They say nothing about a value, so nothing of them is left unchecked.
const ANNOTATIONS = ['example', 'deprecated', 'externalDocs', 'xml'];

// What such a schema brings along (names of its own, extension keywords) would stay in a shared compiler.
const LEAVES_TRACES = /"(\$(id|anchor|dynamicAnchor|recursiveAnchor)|x-[^"]*)":/;

type AjvInstance = Ajv | Ajv2020;

interface Instances {
  readonly quick: AjvInstance;
  readonly thorough: AjvInstance;
}

class AjvDialect implements SchemaDialect {
  private shared: Instances | null = null;

  constructor(
    readonly name: SchemaDialect['name'],
    private readonly metaSchema: string,
    private readonly create: (options: Options) => AjvInstance,
  ) {}

  knowsKeyword(keyword: string): boolean {
    return isKnown(this.instances().quick, keyword);
  }

  get keywords(): readonly string[] {
    return Object.keys(this.instances().quick.RULES.keywords);
  }

  get formats(): readonly string[] {
    return Object.keys(this.instances().quick.formats);
  }

  compiler(schema: JsonSchema): SchemaCompiler {
    const { quick, thorough } = LEAVES_TRACES.test(JSON.stringify(schema)) ? this.both() : this.instances();
    const metaSchemaCheck = this.instances().thorough.getSchema(this.metaSchema);
    if (metaSchemaCheck === undefined) throw new Error(`ajv has no meta-schema ${this.metaSchema}`);
    return {
      metaSchemaCheck,
      compile: (schemaToCompile, annotations) => {
        const names = [...annotations];
        return {
          fits: compileWith(quick, schemaToCompile, names),
          explain: () => compileWith(thorough, schemaToCompile, names),
        };
      },
    };
  }

  private instances(): Instances {
    this.shared ??= this.both();
    return this.shared;
  }

  private both(): Instances {
    const thorough = prepared(this.create(THOROUGH));
    tellAlternatives(thorough);
    return { quick: prepared(this.create(QUICK)), thorough };
  }
}

function compileWith(ajv: AjvInstance, schema: JsonSchema, annotations: readonly string[]): ValidateFunction {
  for (const keyword of annotations) if (!isKnown(ajv, keyword)) ajv.addKeyword(keyword);
  const source: AnySchemaObject = { ...schema };
  // The dialect is chosen by it already, and ajv knows only one spelling of its address.
  delete source['$schema'];
  const check = ajv.compile(source);
  // The shared instance would otherwise keep every schema that ever went through it.
  ajv.removeSchema(source);
  return check;
}

// Not `getKeyword`: that one does not know annotations.
function isKnown(ajv: AjvInstance, keyword: string): boolean {
  return Object.hasOwn(ajv.RULES.keywords, keyword);
}

function prepared<A extends AjvInstance>(ajv: A): A {
  // A CommonJS default export: Node's and TypeScript's views of it meet at `.default`.
  addFormats.default(ajv);
  boundFormats(ajv);
  boundSteps(ajv);
  for (const keyword of ANNOTATIONS) if (!isKnown(ajv, keyword)) ajv.addKeyword(keyword);
  return ajv;
}

const DRAFT_07 = new AjvDialect(
  'draft-07',
  'http://json-schema.org/draft-07/schema',
  (options) => new Ajv(options),
);

const DRAFT_2020_12 = new AjvDialect(
  '2020-12',
  'https://json-schema.org/draft/2020-12/schema',
  (options) => new Ajv2020(options),
);

const BY_ADDRESS = new Map<string, SchemaDialect>([
  ['http://json-schema.org/draft-07/schema', DRAFT_07],
  ['https://json-schema.org/draft-07/schema', DRAFT_07],
  ['https://json-schema.org/draft/2020-12/schema', DRAFT_2020_12],
]);

export const SUPPORTED_DIALECTS =
  'http://json-schema.org/draft-07/schema# or https://json-schema.org/draft/2020-12/schema';

/** The dialect that the schema's `$schema` names (draft-07 without one), or `null` when it is none of ours. */
export function dialectOf(schema: JsonSchema): SchemaDialect | null {
  const address = Object.hasOwn(schema, '$schema') ? schema['$schema'] : undefined;
  if (address === undefined) return DRAFT_07;
  return typeof address === 'string' ? (BY_ADDRESS.get(address.replace(/#$/, '')) ?? null) : null;
}

/** For a hint: the other dialect, where that one knows the keyword. */
export function isKeywordOf2020(keyword: string): boolean {
  return DRAFT_2020_12.knowsKeyword(keyword);
}
