import { expect, test } from 'vitest';
import { notifier, type Telling } from './notifier.ts';

function aListener(): { telling: Telling; heard: string[] } {
  const heard: string[] = [];
  const hear = async (message: string): Promise<void> => {
    await Promise.resolve();
    heard.push(message);
  };
  const telling = {
    ready: (status: string) => hear(`ready ${status}`),
    status: (status: string) => hear(`status ${status}`),
    stopping: () => hear('stopping'),
    alive: () => hear('alive'),
  };
  return { telling, heard };
}

test('tells nobody where systemd has not asked for it', async () => {
  const { telling, heard } = aListener();
  const notify = notifier(undefined, telling);
  await Promise.all([notify.ready('idle'), notify.status('busy'), notify.alive(), notify.stopping()]);
  expect(heard).toEqual([]);
});

test('tells a status when it is another one', async () => {
  const { telling, heard } = aListener();
  const notify = notifier('/run/notify', telling);
  await notify.ready('idle');
  await notify.status('idle');
  await notify.status('busy');
  await notify.status('busy');
  await notify.stopping();
  expect(heard).toEqual(['ready idle', 'status busy', 'stopping']);
});

test('is ready with the status that was said before', async () => {
  const { telling, heard } = aListener();
  const notify = notifier('/run/notify', telling);
  await notify.status('idle: 2 clusters');
  await notify.ready();
  expect(heard).toEqual(['status idle: 2 clusters', 'ready idle: 2 clusters']);
});

test('tells in order, and of what came at once the last', async () => {
  const { telling, heard } = aListener();
  const notify = notifier('/run/notify', telling);
  await Promise.all([notify.status('one'), notify.status('two'), notify.alive(), notify.status('three')]);
  expect(heard).toEqual(['status three', 'alive']);
});

test('makes one line of a status, whatever it is made from', async () => {
  const { telling, heard } = aListener();
  await notifier('/run/notify', telling).status(`held: x\nMAINPID=1\u0000\u2028${'y'.repeat(500)}`);
  expect(heard[0]).toMatch(/^status held: x MAINPID=1 /);
  expect(heard[0]?.length).toBeLessThan(210);
});

test('tells a status again that was not heard, and fails nobody', async () => {
  const { telling, heard } = aListener();
  let isDeaf = true;
  const status: Telling['status'] = (text) => {
    if (!isDeaf) return telling.status(text);
    isDeaf = false;
    // What the package rejects with.
    return Promise.reject('Failed to notify init system');
  };
  const notify = notifier('/run/notify', { ...telling, status });
  await notify.status('busy');
  await notify.status('busy');
  expect(heard).toEqual(['status busy']);
});
