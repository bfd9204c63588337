/** What the driver's package has in this file, and does not declare. */
declare module 'pg-types/lib/textParsers.js' {
  interface TextParsers {
    /** Calls `register` with each type that the driver knows, by its OID, and how the text of a value is read. */
    init(register: (oid: number, parse: (text: string) => unknown) => void): void;
  }
  const parsers: TextParsers;
  export default parsers;
}
