/** The context of `mathematical_sequence`, as its `input_schema` describes it. */
export interface LinearContext {
  readonly even_number: number;
}
