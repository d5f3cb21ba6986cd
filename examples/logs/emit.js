// @ts-check
/** A program that logs. */
import { app, log } from './logs.js';

await Promise.all([
  log('cron', 'info', 'the backup has begun'),
  log('auth', 'info', 'ada has logged in'),
  log('auth', 'error', 'somebody who says that they are ada has not'),
  log('kern', 'warning', 'the disk is filling'),
  log('kern', 'critical', 'the disk is full'),
]);
console.log('5 lines logged');
await app.close();
