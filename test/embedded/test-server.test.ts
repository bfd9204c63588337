import { describe, expect, it } from '@jest/globals';

import { createTestDatabase } from '../support/postgres-server.js';
import { busyClient, query } from './observe.js';

describe('A test database', () => {
  it('is empty, apart from every other, and gone once dropped, whoever is still connected', async () => {
    const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
    try {
      await query(one.url, 'CREATE TABLE mine (n integer)');
      expect(await query(other.url, `SELECT to_regclass('mine') AS mine`)).toEqual([{ mine: null }]);
      const client = await busyClient(one.url);
      await one.drop();
      expect(await client.ended).toMatchObject({ code: '57P01' });
      await expect(query(one.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
    } finally {
      await Promise.all([one.drop(), other.drop()]);
    }
  });
});
