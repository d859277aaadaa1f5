/** What libp2p uses and Node has from 22 on. Is imported before it. */

Promise.withResolvers ??= function <Value>(): PromiseWithResolvers<Value> {
  const all = {} as PromiseWithResolvers<Value>;
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
};
