import { Client } from 'pg';
import type { OwnContext } from '../context/index.js';

type OnConnect = ((error: Error) => void) | ((error: null, client: Client) => void);

/**
 * A class of clients whose sockets belong to one async context. A pool opens a connection for the first caller that needs one and
 * then lends it to others: events of its socket must not run in the context of that first caller, nor keep it in memory.
 */
export function clientOfContext(context: OwnContext): typeof Client {
  return class ContextClient extends Client {
    override connect(): Promise<Client>;
    override connect(callback: OnConnect): void;
    override connect(callback?: OnConnect): Promise<Client> | void {
      return context.run(() => (callback === undefined ? super.connect() : super.connect(callback)));
    }
  };
}
