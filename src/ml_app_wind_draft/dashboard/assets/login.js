// A session that has ended shows as a refused request: the page is asked for anew, and so is the password.
(() => {
  "use strict";
  const ask = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await ask(...asked);
    if (answer.status !== 401) return answer;
    location.reload();
    return new Promise(() => {}); // nobody needs an answer any more
  };
})();
