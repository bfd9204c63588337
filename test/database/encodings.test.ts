import { describe, expect, it, jest } from '@jest/globals';

import { Lab } from '../support/lab.js';
import { createTestDatabase } from '../support/postgres-server.js';
import { workflow } from '../support/workflows.js';

jest.setTimeout(60_000);

const lone = workflow('lone', { only: {} });

describe('A database that can not store every text', () => {
  // SQL_ASCII checks nothing: bytes of any encoding would come in, and not be read back as text.
  it.each(['LATIN1', 'SQL_ASCII', 'EUC_JP'])(
    'of encoding %s is refused at start, and left as it was',
    async (encoding) => {
      const lab = await Lab.at(await createTestDatabase(`ENCODING '${encoding}' LOCALE 'C'`), lone);
      try {
        await expect(lab.worker({ handlers: { only: () => '€' } })).rejects.toMatchObject({
          code: 'DATABASE_ENCODING',
          message: expect.stringMatching(
            new RegExp(
              `the encoding ${encoding}; expected UTF8.*CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`,
            ),
          ),
        });
        expect(await lab.rows(`SELECT to_regnamespace('tasker') AS schema`)).toEqual([{ schema: null }]);
      } finally {
        await lab.close();
      }
    },
  );
});
