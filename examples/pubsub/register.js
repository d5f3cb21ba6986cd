// @ts-check
/** Registers a customer at each department, and asks the other one. */
import { declareTask } from '@tq/core';

/** @type {typeof import('./sales.js')} */
const sales = {
  register: declareTask('sales.register', { queue: 'sales' }),
  find: declareTask('sales.find', { queue: 'sales' }),
};
/** @type {typeof import('./support.js')} */
const support = {
  register: declareTask('support.register', { queue: 'support' }),
  find: declareTask('support.find', { queue: 'support' }),
};

await sales.register.delay({ id: 'c1', name: 'Ada' }).get();
console.log('sales registered Ada');
console.log(`support knows ${(await support.find.delay('c1').get()).name}`);

await support.register.delay({ id: 'c2', name: 'Grace' }).get();
console.log('support registered Grace');
console.log(`sales knows ${(await sales.find.delay('c2').get()).name}`);
