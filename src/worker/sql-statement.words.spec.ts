import { describe, expect, it } from '@jest/globals';
import { statementWords } from './sql-statement.words.js';

describe('The words that statements begin with', () => {
  it.each<[string, string[][]]>([
    ['', []],
    [' ; ;', []],
    ['COMMIT', [['COMMIT']]],
    ['select 1; commit and chain', [['SELECT'], ['COMMIT', 'AND', 'CHAIN']]],
    ['/* a /* nested */ comment; */ -- and a line;\nRollback', [['ROLLBACK']]],
    ['-- only; a comment', []],
    ['SELECT \'it\'\'s; COMMIT\', "a;"" b"; END', [['SELECT'], ['END']]],
    [String.raw`SELECT E'\'; COMMIT'; ABORT`, [['SELECT'], ['ABORT']]],
    [String.raw`SELECT '\'; COMMIT`, [['SELECT'], ['COMMIT']]],
    ['DO $$BEGIN COMMIT; END$$; SELECT $a$ $$ ; $a$; BEGIN', [['DO'], ['SELECT'], ['BEGIN']]],
    ['SELECT a$b$; COMMIT; SELECT c$b$', [['SELECT', 'A$B$'], ['COMMIT'], ['SELECT', 'C$B$']]],
    ['rollback work to savepoint s', [['ROLLBACK', 'WORK', 'TO', 'SAVEPOINT']]],
    ['(SELECT 1) UNION SELECT 2; SELECT CASE WHEN true THEN 1 END', [['SELECT', 'CASE', 'WHEN', 'TRUE']]],
    [
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; COMMIT',
      [['CREATE', 'FUNCTION', 'F'], ['COMMIT']],
    ],
    ['SELECT 1 /* never closed; COMMIT', [['SELECT']]],
    ["SELECT 'never closed; COMMIT", [['SELECT']]],
    ['SELECT $x$ never closed; COMMIT', [['SELECT']]],
    ["UPDATE t SET a = '\u{1F600}'; COMMIT", [['UPDATE', 'T', 'SET', 'A'], ['COMMIT']]],
  ])('of %j', (sql, expected) => {
    expect(statementWords(sql)).toEqual(expected);
  });
});
