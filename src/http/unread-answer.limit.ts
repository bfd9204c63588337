import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Lets a client go that takes nothing of its answer for so long: what it does not read is held in memory. A client that reads,
 * however slowly, keeps its connection; so does an event stream until its last event.
 */
export function limitUnreadAnswers(milliseconds: number) {
  // Timeouts of Node's own are whole seconds: this one is told apart from them.
  const limit = milliseconds + 1;
  return ({ socket }: IncomingMessage, response: ServerResponse, next: () => void): void => {
    response.once('prefinish', () => {
      // Mostly all of it is on its way by now. A socket's timeout begins anew with each part that the client takes.
      if (socket.writableLength === 0 || response.writableFinished) return;
      socket.setTimeout(limit);
      response.once('finish', () => {
        // Node has set its own for a connection that is kept; where another answer follows at once, it has not.
        if (socket.timeout === limit) socket.setTimeout(0);
      });
    });
    next();
  };
}
