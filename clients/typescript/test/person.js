// A person at the page of the README, added to it by those who try it: waits until the other one is there, says something,
// and waits for an answer. Then it tells what the page shows.
const { me, other } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
const form = document.querySelector("form");
const lines = () => [...document.querySelectorAll("li")].map(({ textContent }) => textContent);
const says = (who) => lines().some((line) => line === `${who}: this is ${who}`);

// If it does not come to that, what there is shows why.
async function until(isDone) {
  for (let tries = 0; tries < 3000 && !isDone(); tries++) await new Promise((resolve) => setTimeout(resolve, 20));
}

await until(() => form.onsubmit !== null);
await fetch("/meet", { method: "POST" });
if (me === "bob") await until(() => says(other));
form.elements.text.value = `this is ${me}`;
form.requestSubmit();
await until(() => says(me) && says(other) && lines().includes("installation.discovered"));
await fetch("/told", { method: "POST", body: JSON.stringify({ [me]: lines() }) });
