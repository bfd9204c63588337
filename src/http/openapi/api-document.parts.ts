import type { ApiResponseOptions } from '@nestjs/swagger';

type Headers = NonNullable<ApiResponseOptions['headers']>;

/** The names of the security schemes: any one of them is enough. */
export const CREDENTIALS = { apiKey: 'apiKey', token: 'bearer' } as const;

/** The headers that the document describes once, by name. */
export const HEADER_COMPONENTS: Headers = {
  'X-Request-Id': {
    description:
      'The id of the request: the client’s own where it sent a good one. Lines of the log carry it',
    schema: { type: 'string', example: '0197a0de-0000-7000-8000-000000000005' },
  },
  'Retry-After': {
    description: 'In how many seconds the same request may be taken',
    schema: { type: 'integer', example: 5 },
  },
  'WWW-Authenticate': {
    description: 'How to say who asks',
    schema: { type: 'string', example: 'Bearer realm="tasker"' },
  },
};

/** Which headers an answer carries. */
export const HEADERS = {
  everyAnswer: referTo('X-Request-Id'),
  later: referTo('Retry-After'),
  unauthorized: referTo('WWW-Authenticate'),
} as const;

function referTo(name: string): Headers {
  return { [name]: { $ref: `#/components/headers/${name}` } };
}
