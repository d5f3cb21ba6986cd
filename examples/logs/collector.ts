import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { app, type LogLine, logged } from './logs.js';

export { app };

const folder = process.env.LOG_DIR ?? 'log';
await mkdir(folder, { recursive: true });

// Fanout: everything to the screen of every collector that runs, and to one file, which misses nothing while none runs.
app.subscribe(logged, (line) => console.log(print(line)), { name: 'screen' });
app.subscribe(logged, (line) => write('all.log', line), { name: 'file', group: 'file' });

// Direct: what has one of these severities.
app.subscribe(['error', 'critical'], (line: LogLine) => write('errors.log', line), {
  exchange: 'logs.severity',
  group: 'errors',
});

// Topic: what a facility says, whatever its severity; and what is critical, whoever says it.
app.subscribe('auth.*', (line: LogLine) => write('auth.log', line), { exchange: 'logs.facility', group: 'auth' });
app.subscribe('*.critical', (line: LogLine) => write('critical.log', line), {
  exchange: 'logs.facility',
  group: 'critical',
});

function write(file: string, line: LogLine): Promise<void> {
  return appendFile(join(folder, file), `${print(line)}\n`);
}

function print({ facility, severity, text }: LogLine): string {
  return `${facility}.${severity}: ${text}`;
}
