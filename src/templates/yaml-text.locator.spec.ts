import { describe, expect, it } from '@jest/globals';
import { parseTemplate, TemplateError } from './index.js';

const HEAD = 'name: pay\nnamespace_name: shop\nversion: 1.0.0\n';

function problemsOf(text: string): readonly string[] {
  try {
    parseTemplate(text, 'pay.yaml');
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
  }
  return [];
}

/** A template whose step takes `yaml` as its settings, from line 8 and column 9 on. */
function withSettings(yaml: string): string {
  return `${HEAD}steps:\n  - name: first\n    handler:\n      callable: x\n      initialization:\n        ${yaml}\n`;
}

function settingsOf(yaml: string): unknown {
  return parseTemplate(withSettings(yaml), 'pay.yaml').steps[0]?.handler.initialization;
}

describe('settings in a template', () => {
  it('are JSON data', () => {
    expect(
      settingsOf('{a: 1, b: -0, c: 0x1F, d: 1.5, e: yes, f: ~, g: [true], h: 2024-01-01, i: "1", ":j": 010}'),
    ).toEqual({
      a: 1,
      b: 0,
      c: 31,
      d: 1.5,
      e: 'yes',
      f: null,
      g: [true],
      h: '2024-01-01',
      i: '1',
      ':j': 10,
    });
    // Jest tells 0 from -0 here; JSON can't.
    expect(settingsOf('{b: -0.0}')).toStrictEqual({ b: 0 });
  });

  it('may repeat themselves by alias', () => {
    expect(settingsOf('{a: &x {n: [1]}, b: *x}')).toEqual({ a: { n: [1] }, b: { n: [1] } });
  });

  it('mean the same under a %YAML 1.1 directive', () => {
    const text = `%YAML 1.1\n---\n${withSettings('{a: yes, b: 010}')}`;
    expect(parseTemplate(text, 'f').steps[0]?.handler.initialization).toEqual({ a: 'yes', b: 10 });
  });

  it.each([
    [
      'a: 9007199254740993',
      '9:12',
      '.a: 9007199254740993 is beyond ±(2^53 - 1) and would lose digits; quote it',
    ],
    ['a: -9007199254740993', '9:12', '.a: -9007199254740993 is beyond'],
    ['a: 9007199254740993.0', '9:12', '.a: 9007199254740993.0 is beyond'],
    ['a: 1e400', '9:12', '.a: JSON has no number 1e400; quote it'],
    ['a: .inf', '9:12', '.a: JSON has no number .inf; quote it'],
    ['a: [-.inf, .nan]', '9:13', '.a[0]: JSON has no number -.inf; quote it'],
    ['a: .NaN', '9:12', '.a: JSON has no number .NaN; quote it'],
    ['a: "x\\0y"', '9:12', '.a: holds a NUL character'],
    ['"x\\0y": 1', '9:9', ': holds a NUL character'],
    ['a: "\\ud800"', '9:12', '.a: holds half of a surrogate pair'],
    ['a: !!binary aGk=', '9:21', '.a: the YAML tag tag:yaml.org,2002:binary is not supported'],
    ['a: !!timestamp 2024-01-01', '9:24', '.a: the YAML tag tag:yaml.org,2002:timestamp is not supported'],
    ['a: !ruby/symbol b', '9:25', '.a: the YAML tag !ruby/symbol is not supported'],
    ['a: !mine {b: 1}', '9:18', '.a: the YAML tag !mine is not supported'],
    ['5: a', '9:9', ': keys must be plain strings'],
    ['true: a', '9:9', ': keys must be plain strings'],
    ['~: a', '9:9', ': keys must be plain strings'],
    ['? [a]\n        : b', '9:11', ': keys must be plain strings'],
    ['<<: {a: 1}', '9:9', ': YAML merge keys (<<) are not supported'],
    ['a: 1\n        a: 2', '10:9', '.a: the key "a" is given twice, first in line 9'],
    ['a: *nowhere', '9:12', '.a: no anchor &nowhere stands before this alias'],
    ['a: &x [*x]', '9:16', '.a[0]: the alias *x contains itself'],
  ])('are refused where they would not come back as written: %j', (yaml, place, problem) => {
    expect(problemsOf(withSettings(yaml))[0]).toMatch(`${place} steps[0].handler.initialization${problem}`);
  });
});

describe('a file that is no template', () => {
  it.each([
    ['', '1:1 : the file is empty'],
    ['# nothing but a comment\n', '1:1 : the file is empty'],
    ['- a\n- b\n', '1:1 : expected a map, got a list'],
    ['just words', '1:1 : expected a map, got the string "just words"'],
    ['name: [a', '1:9 : not readable as YAML'],
    ['name: a\n\tb: c', '2:1 : not readable as YAML'],
    ['name: "a', '1:9 : not readable as YAML: Missing closing "quote'],
    ['name: @a', '1:7 : not readable as YAML: Plain value cannot start with reserved character @'],
    [
      `${HEAD}---\n${HEAD}`,
      '4:1 : one template a file: a second YAML document begins here; remove the "---"',
    ],
    ['{name: a}}', '1:10 : not readable as YAML: unexpected }'],
  ])('says so: %j', (text, problem) => {
    expect(problemsOf(text)[0]).toContain(problem);
  });

  it('tells every syntax error', () => {
    expect(problemsOf('a: "\\q"\nb: "\\z"\n').map((problem) => problem.slice(0, 3))).toEqual(['1:5', '2:5']);
  });

  const LEVELS = 'bcdefghijklmnopqrstuvwxyz'.split('');
  const HOSTILE: readonly (readonly [string, string, string])[] = [
    [
      'an alias bomb',
      `a: &a []\n${LEVELS.map((key, level) => bombLevel(key, 'abcdefghijklmnopqrstuvwxyz'[level])).join('\n')}`,
      'holds too much',
    ],
    ['an alias bomb of text', `a: &a ${'x'.repeat(100_000)}\nb: [${'*a, '.repeat(100)}]`, 'holds too much'],
    ['endless brackets', '['.repeat(1_000_000), 'nested more than 100 levels deep'],
    ['endless closing brackets', `a: {}${'\n]'.repeat(500_000)}`, 'not readable as YAML: unexpected ]'],
    ['endless lists', '- '.repeat(20_000), 'nested too deeply'],
    [
      'a deep map',
      Array.from({ length: 150 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'nested more than 100',
    ],
    [
      'a huge file',
      `# ${'x'.repeat(1024 * 1024)}`,
      'the file is too large; a template is at most 1048576 bytes',
    ],
    ['too many values', `a: [${'1,'.repeat(120_000)}]`, 'holds too much'],
    ['too many pieces', `a: ${'[,]'.repeat(340_000)}`, 'holds too much'],
    ['an endless key', `${'k'.repeat(300)}: 1`, 'a key is at most 255 characters'],
    ['endless documents', '---\n'.repeat(200_000), 'one template a file'],
    [
      'too many steps',
      `${HEAD}steps:\n${'  - {name: a, oops: 1}\n'.repeat(2001)}`,
      'steps: expected at most 2000 items, got 2001',
    ],
  ];

  it.each(HOSTILE)('is refused quickly, and at few words, if it is %s', (_, text, problem) => {
    // What these guard against takes longer than any test may, or all of the memory.
    const problems = problemsOf(text);
    expect(problems.length).toBeLessThan(10);
    expect(problems).toContainEqual(expect.stringContaining(problem));
  });

  it('stops listing problems at a thousand', () => {
    const keys = Array.from({ length: 5000 }, (_, index) => `zz${index}: 1`).join('\n');
    expect(problemsOf(keys)).toHaveLength(1000);
    expect(problemsOf('a: 1\n'.repeat(5000))).toHaveLength(1000);
  });

  it('takes brackets in text for text', () => {
    const words = '['.repeat(300);
    expect(settingsOf(`{a: "${words}", b: x${words.replaceAll('[', '(')}}`)).toMatchObject({ a: words });
    expect(settingsOf(`a: |\n          ${words}`)).toEqual({ a: `${words}\n` });
  });
});

function bombLevel(key: string, below: string | undefined): string {
  return `${key}: &${key} [${`*${below},`.repeat(10)}]`;
}
