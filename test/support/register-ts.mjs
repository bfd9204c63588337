import { register } from 'node:module';
import process from 'node:process';

register('./ts-loader.mjs', import.meta.url);
process.setSourceMapsEnabled(true);
