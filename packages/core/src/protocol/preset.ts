/** How much of Celery's header set goes out: what says something, or all of it. */
export type Preset = 'tq' | 'celery';
