import { Module } from '@nestjs/common';

import { AppController } from './app.controller.js';
import { AppService } from './app.service.js';
import { RowsController } from './rows.controller.js';

@Module({ controllers: [AppController, RowsController], providers: [AppService] })
export class AppModule {}
