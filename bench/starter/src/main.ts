/** What a new Nest project begins with, and a controller with one INSERT: what the service is compared with. */
import process from 'node:process';

import { NestFactory } from '@nestjs/core';

import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule);
await app.listen(process.env['PORT'] ?? 3000);
