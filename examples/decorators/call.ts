/** Calls the tasks of a class. It shares the code with the worker, so it imports the tasks as they are. */
import { shop } from './tasks.js';

const prices = [1_999, 250];

// Arguments and results have the types of the methods: a number here, a text there.
const [total, receipt] = await Promise.all([shop.total.delay(prices).get(), shop.receipt.delay('Ada', prices).get()]);

console.log(`total: ${total} cents`);
console.log(receipt);
