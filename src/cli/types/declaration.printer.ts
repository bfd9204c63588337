import { NULL } from './type-node.builders.js';
import { pascalCase, type TypeNameAllocator } from './type-name.allocator.js';
import { printMember, printPropertyName, printTupleItems, printType } from './type-node.printer.js';
import type {
  AliasDeclaration,
  Declaration,
  InterfaceDeclaration,
  Property,
  TypeNode,
} from './type-node.types.js';

const LINE_WIDTH = 110;
// Letters that take two columns; prettier counts them so.
const DOUBLE_WIDTH = /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\uFF01-\uFF60]/gu;

/**
 * Prints declarations as prettier would with single quotes, trailing commas and lines of 110 characters, so that formatting
 * a generated file changes nothing and no formatter has to be installed. Where a type that does not fit its line would nest,
 * its parts become declarations of their own.
 */
export class DeclarationPrinter {
  private readonly waiting: Declaration[] = [];

  constructor(private readonly names: TypeNameAllocator) {}

  /** The declaration, then those that were taken out of it. */
  print(declaration: Declaration): readonly string[] {
    const printed: string[] = [];
    for (let next: Declaration | undefined = declaration; next !== undefined; next = this.waiting.shift()) {
      const text = next.kind === 'interface' ? this.interfaceText(next) : this.aliasText(next);
      printed.push(docText(next.doc, '') + text);
    }
    return printed;
  }

  private interfaceText({ name, properties, index }: InterfaceDeclaration): string {
    const members = properties.map((property) => this.propertyText(property, name));
    if (index !== null) members.push(this.memberText('  readonly [key: string]:', index, `${name}Value`));
    return `export interface ${name} {\n${members.join('\n')}\n}`;
  }

  private propertyText({ name, doc, isOptional, type }: Property, owner: string): string {
    const head = `  readonly ${printPropertyName(name)}${isOptional ? '?' : ''}:`;
    return docText(doc, '  ') + this.memberText(head, type, owner + pascalCase(name));
  }

  private memberText(head: string, type: TypeNode, wish: string): string {
    if (fits(`${head} ${printType(type)};`) || isSimple(type)) return `${head} ${printType(type)};`;
    if (type.kind !== 'union' && type.kind !== 'array') return `${head} ${this.takenOut(type, wish)};`;
    const plain = this.withSimpleParts(type, wish);
    if (fits(`${head} ${printType(plain)};`) || isSimple(plain) || plain.kind !== 'union')
      return `${head} ${printType(plain)};`;
    return `${head}${unionLines(plain.members, '    ')};`;
  }

  private aliasText({ name, type }: AliasDeclaration): string {
    const head = `export type ${name} =`;
    if (fits(`${head} ${printType(type)};`)) return `${head} ${printType(type)};`;
    const plain = this.withSimpleParts(type, name);
    if (fits(`${head} ${printType(plain)};`)) return `${head} ${printType(plain)};`;
    if (plain.kind === 'dictionary')
      return this.interfaceText({ kind: 'interface', name, doc: null, properties: [], index: plain.value });
    if (plain.kind === 'union') return `${head}${unionLines(plain.members, '  ')};`;
    if (plain.kind === 'intersection') return `${head}${intersectionLines(head, plain.members)};`;
    if (plain.kind !== 'tuple') return `${head}\n  ${printType(plain)};`;
    const items = printTupleItems(plain).map((item) => `  ${item},\n`);
    return `${head} readonly [\n${items.join('')}];`;
  }

  /** The same type, its parts so short that each can stand on a line. */
  private withSimpleParts(type: TypeNode, wish: string): TypeNode {
    const simple = (part: TypeNode, suffix: string): TypeNode =>
      isSimple(part) ? part : { kind: 'name', name: this.takenOut(part, wish + suffix) };
    switch (type.kind) {
      case 'array':
        return { ...type, item: simple(type.item, 'Item') };
      case 'dictionary':
        return { ...type, value: simple(type.value, 'Value') };
      case 'union':
        return { ...type, members: type.members.map((part, index) => simple(part, `Option${index + 1}`)) };
      case 'intersection':
        return { ...type, members: type.members.map((part, index) => simple(part, `Part${index + 1}`)) };
      case 'tuple':
        return {
          ...type,
          items: type.items.map((item, index) => ({ ...item, type: simple(item.type, `Item${index + 1}`) })),
          rest: type.rest === null ? null : simple(type.rest, 'Item'),
        };
      case 'keyword':
      case 'literal':
      case 'name':
        break;
    }
    return type;
  }

  private takenOut(type: TypeNode, wish: string): string {
    const name = this.names.take(wish);
    this.waiting.push({ kind: 'alias', name, doc: null, type });
    return name;
  }
}

function fits(line: string): boolean {
  return line.length + (line.match(DOUBLE_WIDTH)?.length ?? 0) <= LINE_WIDTH;
}

/** Whether there is no place in it for a line break: prettier has none in `Name | null` either. */
function isSimple(type: TypeNode): boolean {
  if (type.kind === 'array') return isSimple(type.item);
  if (type.kind === 'union' && type.members.length === 2)
    return type.members.some(({ kind }) => kind === 'name') && type.members.includes(NULL);
  return type.kind === 'keyword' || type.kind === 'literal' || type.kind === 'name';
}

/** On the next line if that is enough, else a line for each. */
function unionLines(members: readonly TypeNode[], indent: string): string {
  const printed = members.map(printMember);
  const line = `${indent}${printed.join(' | ')}`;
  return fits(`${line};`) ? `\n${line}` : printed.map((member) => `\n${indent}| ${member}`).join('');
}

/** From the first line on where the first member fits there, else from the next. */
function intersectionLines(head: string, members: readonly TypeNode[]): string {
  const printed = members.map(printMember);
  if (fits(`${head} ${printed[0]} &`)) return ` ${printed.join(' &\n  ')}`;
  const line = `  ${printed.join(' & ')}`;
  return `\n${fits(`${line};`) ? line : `  ${printed.join(' &\n    ')}`}`;
}

/** A doc comment, and the line break behind it. */
function docText(doc: string | null, indent: string): string {
  const lines = (doc ?? '')
    .replaceAll('*/', '*\\/')
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .map((line) => line.replaceAll(/\p{Cc}+/gu, ' ').trimEnd());
  while (lines.at(-1) === '') lines.pop();
  while (lines[0] === '') lines.shift();
  const [only, ...others] = lines;
  if (only === undefined) return '';
  if (others.length === 0) return `${indent}/** ${only.trimStart()} */\n`;
  const body = lines.map((line) => `${indent} *${line === '' ? '' : ` ${line}`}\n`).join('');
  return `${indent}/**\n${body}${indent} */\n`;
}
