import type { EventEmitter } from 'node:events';
import type { PoolClient } from 'pg';

type Listener = (...values: unknown[]) => void;
type Format = 'text' | 'binary';

/** As `ClientBase` has it, for any number. */
interface TypeParsers {
  getTypeParser(oid: number, format: Format): unknown;
  setTypeParser(oid: number, format: Format, parser: unknown): void;
}

/** Listeners and type parsers of a connection of the pool: what a handler adds to them must not be there for the next one. */
export class ClientState {
  private readonly listeners: ReadonlyMap<string | symbol, readonly Listener[]>;
  private readonly restorations: (() => void)[] = [];
  private readonly remembered = new Set<string>();

  /** Remembers the state that `restore` brings back. */
  constructor(private readonly client: PoolClient) {
    this.listeners = new Map(client.eventNames().map((name) => [name, listenersOf(client, name)]));
  }

  /** To be called before a type parser is replaced; arguments as of `client.setTypeParser`. */
  rememberTypeParser(oid: unknown, given: unknown): void {
    if (typeof oid !== 'number') return;
    const format: Format = given === 'binary' ? 'binary' : 'text';
    const key = `${oid} ${format}`;
    if (this.remembered.has(key)) return;
    this.remembered.add(key);
    const parsers: TypeParsers = this.client;
    const before = parsers.getTypeParser(oid, format);
    this.restorations.push(() => parsers.setTypeParser(oid, format, before));
  }

  /** Removes what was added since, and adds what was removed. */
  restore(): void {
    const emitter: EventEmitter = this.client;
    for (const name of emitter.eventNames()) {
      const before = this.listeners.get(name) ?? [];
      for (const listener of listenersOf(emitter, name))
        if (!before.includes(listener)) emitter.removeListener(name, listener);
    }
    for (const [name, before] of this.listeners) {
      const now = listenersOf(emitter, name);
      for (const listener of before) if (!now.includes(listener)) emitter.on(name, listener);
    }
    for (const restoration of this.restorations) restoration();
  }
}

function listenersOf(emitter: EventEmitter, name: string | symbol): readonly Listener[] {
  return emitter.rawListeners(name).filter(isListener);
}

function isListener(value: unknown): value is Listener {
  return typeof value === 'function';
}
