import { Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/index.js';
import type { Statement } from '../database/index.js';
import { ServiceSettings } from '../config/index.js';
import {
  applyEnvironment,
  compileSchema,
  restoreTemplate,
  TemplateRegistry,
  templateIdentity,
  topologicalOrder,
} from '../templates/index.js';
import type {
  JsonValue,
  PublishedEventTemplate,
  SchemaCheck,
  StepTemplate,
  TaskTemplate,
} from '../templates/index.js';
import { Engine } from './engine.js';
import { TaskerError, TemplateNotFoundError } from './errors.js';
import { templateGraph } from './template.graph.js';
import type { GraphStep } from './template.graph.js';
import { suggestTemplate } from './template.suggestion.js';

/** A template as this process uses it: registered in the database, with the environment's overrides in effect. */
export interface RegisteredTemplate {
  readonly templateId: number;
  readonly template: TaskTemplate;
  /** By name, in topological order, in which the steps of its tasks are numbered. */
  readonly steps: ReadonlyMap<string, RegisteredStep>;
  /** By `step_index`, as it was registered: no environment changes it. */
  readonly graph: readonly GraphStep[];
  /** What is wrong with a task's context, by the template's `input_schema`. */
  readonly checkContext: SchemaCheck;
}

export interface RegisteredStep {
  readonly template: StepTemplate;
  /** What is wrong with a result, by the step's `result_schema`. */
  readonly checkResult: SchemaCheck;
  /** What it publishes when it ends. */
  readonly events: readonly RegisteredEvent[];
}

export interface RegisteredEvent {
  readonly template: PublishedEventTemplate;
  /** What is wrong with a payload: by the event's own schema, or by that of its declaration. */
  readonly checkPayload: SchemaCheck;
}

interface StoredTemplateRow {
  readonly template_id: number;
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly content_hash: string;
  readonly definition: JsonValue;
}

const STORED_TEMPLATE: Statement = {
  name: 'tasker_read_template',
  text: `SELECT template_id, namespace, name, version, content_hash, definition
         FROM tasker.templates WHERE template_id = $1`,
};
const UNFINISHED_TEMPLATES: Statement = {
  name: 'tasker_read_unfinished_templates',
  text: `SELECT template_id, namespace, name, version, content_hash, definition
         FROM tasker.templates t
         WHERE EXISTS (SELECT FROM tasker.tasks k WHERE k.template_id = t.template_id AND k.status IN (0, 1))
         ORDER BY template_id`,
};

const REGISTERED_AT: Statement = {
  name: 'tasker_read_template_registered_at',
  text: 'SELECT registered_at FROM tasker.templates WHERE template_id = $1',
};

/** The same namespace, name and version has other content while tasks of it are under way. */
export class TemplateChangedError extends TaskerError {
  readonly code = 'TEMPLATE_CHANGED';
}

/**
 * The templates of this process as the database knows them, by id.
 *
 * `register` pins what the files say. `restoreUnfinished` adds what unfinished tasks still run under although no file
 * says it any more, so that a task keeps the version it began with.
 */
@Injectable()
export class TemplateCatalog {
  private readonly logger = new Logger(TemplateCatalog.name);
  private readonly byId = new Map<number, RegisteredTemplate>();
  private readonly byIdentity = new Map<string, RegisteredTemplate>();

  constructor(
    private readonly database: Database,
    private readonly engine: Engine,
    private readonly registry: TemplateRegistry,
    private readonly service: ServiceSettings,
  ) {}

  /** Registers every template of the registry. Rejects with all that have changed under unfinished tasks, by name. */
  async register(): Promise<void> {
    const changed: string[] = [];
    for (const template of this.registry.list()) {
      const answer = await this.engine.registerTemplate(template);
      if ('templateId' in answer) {
        const registered = this.add(answer.templateId, template);
        this.byIdentity.set(templateIdentity(template), registered);
      } else {
        changed.push(
          `${templateIdentity(template)} (${template.file}): ${answer.conflictingTasks} unfinished task(s)`,
        );
      }
    }
    if (changed.length > 0) {
      throw new TemplateChangedError(
        `Templates changed while tasks of them are unfinished; give the new content a new version:\n${changed.join('\n')}`,
      );
    }
  }

  /** Adds the stored templates that unfinished tasks need and no file has; answers with those that were added. */
  async restoreUnfinished(): Promise<readonly RegisteredTemplate[]> {
    const rows = await this.database.query<StoredTemplateRow>(UNFINISHED_TEMPLATES, []);
    return rows.filter((row) => !this.byId.has(row.template_id)).flatMap((row) => this.restore(row) ?? []);
  }

  /** A template that the files of this process have. */
  find(namespace: string, name: string, version: string): RegisteredTemplate | undefined {
    return this.byIdentity.get(templateIdentity({ namespace, name, version }));
  }

  /** The error for a template that `find` does not know: it names the versions that there are, or a near name. */
  notFound(namespace: string, name: string, version: string): TemplateNotFoundError {
    const known = this.listFiles().map(({ template }) => template);
    return new TemplateNotFoundError(
      namespace,
      name,
      version,
      suggestTemplate({ namespace, name, version }, known),
    );
  }

  /** A template that unfinished tasks still run under although no file of this process says it, the newest content of it. */
  async findPinned(
    namespace: string,
    name: string,
    version: string,
  ): Promise<RegisteredTemplate | undefined> {
    const identity = templateIdentity({ namespace, name, version });
    return (await this.listPinned()).findLast(({ template }) => templateIdentity(template) === identity);
  }

  /** The templates that the files of this process have. */
  listFiles(): readonly RegisteredTemplate[] {
    return [...this.byIdentity.values()];
  }

  /** The templates that unfinished tasks still run under although no file of this process says them, in order of age. */
  async listPinned(): Promise<readonly RegisteredTemplate[]> {
    const ofFiles = new Set(this.listFiles().map(({ templateId }) => templateId));
    const rows = await this.database.query<StoredTemplateRow>(UNFINISHED_TEMPLATES, []);
    return rows
      .filter((row) => !ofFiles.has(row.template_id))
      .flatMap((row) => this.byId.get(row.template_id) ?? this.restore(row) ?? []);
  }

  /** When this content was first made known to the database. */
  async registeredAt({ templateId }: RegisteredTemplate): Promise<Date> {
    const [row] = await this.database.query<{ registered_at: Date }>(REGISTERED_AT, [templateId]);
    if (row === undefined) throw new Error(`Template ${templateId} has vanished from the database`);
    return row.registered_at;
  }

  /** A template by id, if it has been registered or restored here. */
  get(templateId: number): RegisteredTemplate | undefined {
    return this.byId.get(templateId);
  }

  /** A template by id, from the database where it is not here yet. */
  async load(templateId: number): Promise<RegisteredTemplate | undefined> {
    const known = this.byId.get(templateId);
    if (known !== undefined) return known;
    const [row] = await this.database.query<StoredTemplateRow>(STORED_TEMPLATE, [templateId]);
    return row === undefined ? undefined : this.restore(row);
  }

  list(): readonly RegisteredTemplate[] {
    return [...this.byId.values()];
  }

  /** A definition that this release can't read any more is left alone: its tasks wait for a process that can. */
  private restore(row: StoredTemplateRow): RegisteredTemplate | undefined {
    try {
      return this.add(row.template_id, restoreTemplate(row.definition, row.content_hash));
    } catch (error) {
      this.logger.error(
        `The stored template ${templateIdentity(row)} can't be read by this release; its tasks wait: ${String(error)}`,
      );
      return undefined;
    }
  }

  private add(templateId: number, declared: TaskTemplate): RegisteredTemplate {
    const template = applyEnvironment(declared, this.service.environment);
    const registered: RegisteredTemplate = {
      templateId,
      template,
      steps: new Map(
        topologicalOrder(template.steps).map((step) => [
          step.name,
          {
            template: step,
            checkResult: checkOf(step.resultSchema),
            events: step.publishesEvents.map((event) => registeredEvent(event, template)),
          },
        ]),
      ),
      graph: templateGraph(declared),
      checkContext: checkOf(template.inputSchema),
    };
    this.byId.set(templateId, registered);
    return registered;
  }
}

function checkOf(schema: TaskTemplate['inputSchema']): SchemaCheck {
  return schema === null ? () => [] : compileSchema(schema);
}

function registeredEvent(event: PublishedEventTemplate, { domainEvents }: TaskTemplate): RegisteredEvent {
  const declared = domainEvents.find(({ name }) => name === event.name);
  return { template: event, checkPayload: checkOf(event.schema ?? declared?.schema ?? null) };
}
