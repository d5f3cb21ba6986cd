import * as lmdb from 'lmdb';
import { expect, it } from 'vitest';
import { ChangeBatch } from '../../src/store/change-batch.js';
import { messageRange, positionOf, queueKey, queueRowsRange } from '../../src/store/keys.js';
import { LmdbFile } from '../../src/store/lmdb-file.js';
import { decodePurges, QueueSweeper } from '../../src/store/queue-sweeper.js';
import { createFolder, type Folder, stored } from './scene.js';

async function createFile(folder: Folder, messages: number): Promise<LmdbFile> {
  const file = new LmdbFile(lmdb, folder.file('data.mdb'));
  const batch = new ChangeBatch();
  for (const queueId of [1, 2, 3]) {
    for (let position = 0; position < messages; position += 1) batch.putMessage(queueId, position, stored('x'));
    batch.putDelivered(queueId, 0, 5);
  }
  await file.write(batch, () => 0);
  return file;
}

function positions(file: LmdbFile, queueId: number): readonly number[] {
  return [...file.keys(messageRange(queueId))].map(positionOf);
}

/** Writes one batch with what the sweeper adds to it. */
async function step(file: LmdbFile, sweeper: QueueSweeper, batch = new ChangeBatch()): Promise<void> {
  sweeper.addTo(batch);
  await file.write(batch, () => 1);
}

it('removes all rows of a deleted queue, some with each batch, and nothing of its neighbours', async () => {
  await using folder = await createFolder();
  const file = await createFile(folder, 1_200);
  const sweeper = new QueueSweeper(file);
  sweeper.sweepQueue(2);
  await step(file, sweeper);
  expect(positions(file, 2)).toHaveLength(700);
  while (sweeper.isBusy) await step(file, sweeper);
  expect([...file.keys(messageRange(2)), ...file.keys(queueRowsRange(2))]).toEqual([]);
  for (const queueId of [1, 3]) {
    expect(positions(file, queueId)).toHaveLength(1_200);
    expect([...file.keys(queueRowsRange(queueId))]).toHaveLength(1);
  }
  await file.close();
});

it('removes the messages of before a purge only, wherever newer ones come', async () => {
  await using folder = await createFolder();
  const file = await createFile(folder, 1_200);
  const sweeper = new QueueSweeper(file);
  sweeper.sweepPurged(1, 1);
  const batch = new ChangeBatch();
  for (const position of [3, 700, 5_000]) batch.putMessage(1, position, stored('new'));
  await step(file, sweeper, batch);
  while (sweeper.isBusy) await step(file, sweeper);
  expect(positions(file, 1)).toEqual([3, 700, 5_000]);
  const key = queueKey(1, { part: 'purges' });
  const [row] = file.rows({ start: key, end: queueRowsRange(1).end });
  expect(decodePurges(row!.value)).toEqual({ epoch: 1, unswept: false });
  await file.close();
});
