/** One message of an event stream. */
export interface StreamMessage {
  readonly id: string | null;
  readonly event: string;
  readonly data: {
    readonly step?: string;
    readonly from_state?: string;
    readonly to_state?: string;
    readonly attempt?: number;
  };
}

/** Reads an event stream, message by message, until it ends or the reader stops. */
export async function* readStream(url: string, lastEventId?: string): AsyncGenerator<StreamMessage> {
  const leaving = new AbortController();
  const response = await fetch(url, {
    signal: leaving.signal,
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  });
  if (response.status !== 200 || response.body === null)
    throw new Error(`${response.status}: ${await response.text()}`);
  let text = '';
  try {
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const message = parse(part);
        if (message !== null) yield message;
      }
    }
  } finally {
    leaving.abort();
  }
}

function parse(part: string): StreamMessage | null {
  const fields = new Map(part.split('\n').map((line) => splitOnce(line, ': ')));
  const data = fields.get('data');
  if (data === undefined) return null;
  return { id: fields.get('id') ?? null, event: fields.get('event') ?? 'message', data: JSON.parse(data) };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
