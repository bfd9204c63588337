import process from 'node:process';

import { Body, Controller, Post } from '@nestjs/common';
import { Pool } from 'pg';

const INSERT = 'INSERT INTO rows (context) VALUES ($1) RETURNING id';

/** The least that can store what a request brings. It connects when it is first asked. */
@Controller('rows')
export class RowsController {
  private readonly pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });

  @Post()
  async insert(@Body() context: unknown): Promise<unknown> {
    const { rows } = await this.pool.query<{ id: string }>(INSERT, [JSON.stringify(context)]);
    return rows[0];
  }
}
