/** A pattern of event names as a regular expression that JavaScript and PostgreSQL read alike. */
export function patternExpression(pattern: string): string {
  const parts = pattern.split('.').map((part) => {
    if (part === '**') return '.+';
    return part === '*' ? '[^.]+' : part.replaceAll(/[^A-Za-z0-9_:-]/g, '\\$&');
  });
  return `^${parts.join('\\.')}$`;
}
