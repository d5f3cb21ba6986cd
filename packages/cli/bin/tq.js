#!/usr/bin/env node
import module from 'node:module';

// Node.js 22 and later can keep what they have compiled for the next start; before, there is no such thing.
module.enableCompileCache?.();
await import('../dist/main.js');
