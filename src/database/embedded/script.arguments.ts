/**
 * Node's arguments that run a module from its text, without a file. One line: a list of processes shows it in one.
 *
 * @param title what such a list shows behind the text
 */
export function scriptArguments(source: string, title: string): readonly string[] {
  const url = `data:text/javascript;base64,${Buffer.from(source).toString('base64')}`;
  return ['--input-type=module', '--eval', `import '${url}';`, title];
}
