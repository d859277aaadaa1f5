/** What libp2p uses and Node has from 22 on. Is imported before it. */

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`Node ${process.versions.node} is too old: install 20 or later`);
  process.exit(1);
}

Promise.withResolvers ??= function <Value>(): PromiseWithResolvers<Value> {
  const all = {} as PromiseWithResolvers<Value>;
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
};
