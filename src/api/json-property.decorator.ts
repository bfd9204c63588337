import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';

interface JsonPropertyOptions {
  readonly description?: string;
  readonly example?: unknown;
}

/** A field that holds any JSON value, null among them. */
export function JsonProperty({ description, example }: JsonPropertyOptions = {}): PropertyDecorator {
  return ApiProperty({
    oneOf: [
      { type: 'object', additionalProperties: true },
      { type: 'array', items: {} },
      { type: 'string' },
      { type: 'number' },
      { type: 'boolean' },
    ],
    nullable: true,
    ...described(description, example),
  });
}

/** A field that holds a JSON object with any keys. */
export function JsonObjectProperty({ description, example }: JsonPropertyOptions = {}): PropertyDecorator {
  return ApiProperty({ type: 'object', additionalProperties: true, ...described(description, example) });
}

function described(
  description: string | undefined,
  example: unknown,
): Pick<ApiPropertyOptions, 'description' | 'example'> {
  return { ...(description !== undefined && { description }), ...(example !== undefined && { example }) };
}
