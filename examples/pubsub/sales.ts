import { openDepartment } from './department.js';

export const { register, find } = openDepartment('sales');
