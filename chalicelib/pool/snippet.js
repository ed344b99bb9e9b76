// callpath: lends this visitor a tracking number and shows it where the page shows its own.
//
// Loaded with <script async>. It has one global (window.callpath), throws nothing into the page, and when anything
// fails the page stays as its author wrote it. Served minified: run `python -m infra.setup.minify_snippet` after changes.
(function (config) {
  "use strict";
  if (window.callpath) return;

  const KEY = "callpath." + config.site;
  const TABS = KEY + ".tabs";
  const TIMEOUT = 4000;
  // A service that failed is asked again after so long, and no page in use goes longer without a look at the clock.
  const RETRY = 30000;
  // A page that nobody has touched for so long keeps its number no longer than the lease it has.
  const IDLE = 600000;
  // So long a number that was given back is still this visitor's.
  const GRACE = 90000;
  const TWO_YEARS = 63072000;
  const CAMPAIGN = /[?&#](utm_\w+|\w*clid|[gw]braid|rb_clickid|gad_source|srsltid|erid|_openstat|roistat|tgWebAppVersion)=/i;

  const COUNTRY = /^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})(\d+)$/;
  // What people put between digits, no-break spaces, all dashes and invisible marks included.
  const GAP = "[\\s().\\u00ad\\u00b7\\u2010-\\u2015\\u2212\\u200b-\\u200f\\u2060-]{0,30}";
  const PHONE_LIKE = new RegExp("\\+?\\(?\\d(?:" + GAP + "\\d){5,14}");
  const GLUED = /[\d+](?:[\s(\u2010-\u2015-]{0,3}|\.)$/;
  const INLINE = /^(A|ABBR|B|BDI|BDO|BIG|CITE|CODE|DATA|DFN|EM|FONT|I|INS|MARK|NOBR|Q|S|SMALL|SPAN|STRONG|SUB|SUP|TIME|TT|U|VAR|WBR)$/;
  const NOT_TEXT = /^(SCRIPT|STYLE|NOSCRIPT|TEXTAREA|TEMPLATE|IFRAME|OBJECT|CANVAS|SELECT)$/;
  const IGNORED = "[data-callpath-ignore],[contenteditable=''],[contenteditable=true]";
  const TEL = "a[href^='tel:' i]";
  const PROMO = "[data-callpath-promo]";

  const tab = Math.random();
  let state = {};
  let shown = null;
  let changes = [];
  let asking = null;
  let arriving = false;
  let offset = 0;
  let ahead = 0;
  let base = 0;
  let lookAt = 0;
  let retryAt = 0;
  let timer = 0;
  let usedAt = 0;
  let leavingAt = 0;
  let observer = null;
  let waiting = null;
  let promo = null;

  function safely(work) {
    return function (argument) {
      try {
        return work(argument);
      } catch (error) {
        // As if it had not been done.
      }
    };
  }

  function on(target, names, work) {
    names.split(" ").forEach((name) => target.addEventListener(name, safely(work), { capture: target === document, passive: true }));
  }

  // ---- time

  // Milliseconds by a clock that never goes back: the wall clock, which runs on while the machine sleeps, and `ahead`,
  // which is what somebody has set it back since the page was opened, as the page's own clock shows.
  function now() {
    const wall = Date.now();
    const back = offset - (wall - performance.now());
    if (back > 1000) ahead += back;
    offset -= back;
    return wall + ahead;
  }

  // Whether the last answer still holds. What is stored has the times of the wall clock, which all tabs have; `base` was
  // `ahead` when the answer was given or first seen here. One from the future (but for a tick between two tabs) was given
  // before the clock was set back, nobody knows how long ago.
  function holds() {
    const time = now() - base;
    return state.from < time + 1000 && time < state.expires;
  }

  function due() {
    return arriving || !holds() || now() - base >= state.renew;
  }

  // ---- numbers as people write them

  function parsed(e164) {
    const found = COUNTRY.exec(e164.replace(/\D/g, ""));
    return { digits: found[0], country: found[1], national: found[2] };
  }

  // The new number's digits in the places of the old one's; where they do not fit, the number in full.
  function shaped(found, next, sameCountry) {
    const digits = found.replace(/\D/g, "");
    const trunk = next.country === "7" ? "8" : "0";
    const plus = found.includes("+");
    let fill = "";
    if (digits.length === next.digits.length && (plus || (sameCountry && digits.startsWith(next.country)))) fill = next.digits;
    else if (sameCountry && !plus && digits === trunk + digits.slice(-next.national.length)) fill = trunk + next.national;
    else if (sameCountry && !plus && digits.length === next.national.length) fill = next.national;
    let place = 0;
    return fill ? found.replace(/\d/g, () => fill[place++]) : "+" + next.digits;
  }

  function finder(e164, next) {
    const own = parsed(e164);
    const prefix = "(?:((?:\\+|00)?" + own.country + "|[08])" + GAP + "(?:0\\)" + GAP + ")?)?";
    const pattern = new RegExp("(^|\\D)(\\(?" + prefix + [...own.national].join(GAP) + ")(?!\\d)", "g");
    return function (text) {
      const edits = [];
      let match;
      while ((match = pattern.exec(text))) {
        const from = match.index + match[1].length;
        // Without its prefix the same digits may be another country's number, or the tail of a longer one.
        if (!match[3] && GLUED.test(text.slice(0, from))) continue;
        edits.push([from, from + match[2].length, shaped(match[2], next, own.country === next.country)]);
      }
      return edits;
    };
  }

  function anyPhone(next) {
    return function (text) {
      const match = PHONE_LIKE.exec(text);
      return match ? [[match.index, match.index + match[0].length, shaped(match[0], next, true)]] : [];
    };
  }

  // ---- the page

  function read(node, attribute) {
    return attribute ? node.getAttribute(attribute) : node.data;
  }

  function write(node, attribute, value) {
    if (attribute && value === null) node.removeAttribute(attribute);
    else if (attribute) node.setAttribute(attribute, value);
    else node.data = value;
  }

  function change(node, attribute, now) {
    const was = read(node, attribute);
    if (was === now) return;
    write(node, attribute, now);
    changes.push([node, attribute, was, now]);
  }

  function edited(text, edits) {
    return edits.reduceRight((done, edit) => done.slice(0, edit[0]) + edit[2] + done.slice(edit[1]), text);
  }

  // A number may be spread over inline elements: find it in the joined text, change each node's own part.
  function editRun(nodes, find) {
    const edits = find(nodes.map((node) => node.data).join(""));
    let start = 0;
    nodes.forEach((node) => {
      const length = node.data.length;
      const mine = edits
        .filter((edit) => edit[0] < start + length && edit[1] > start)
        .map((edit) => {
          const from = Math.max(edit[0], start);
          const to = Math.min(edit[1], start + length);
          return [from - start, to - start, edit[2].slice(from - edit[0], to === edit[1] ? undefined : to - edit[0])];
        });
      if (mine.length) change(node, "", edited(node.data, mine));
      start += length;
    });
    return edits.length;
  }

  function runsIn(root) {
    const runs = [[]];
    (function walk(parent) {
      for (let node = parent.firstChild; node; node = node.nextSibling) {
        if (node.nodeType === 3) runs[runs.length - 1].push(node);
        if (node.nodeType !== 1) continue;
        const flows = INLINE.test(node.tagName);
        if (!flows) runs.push([]);
        if (!NOT_TEXT.test(node.tagName) && !node.matches(IGNORED)) walk(node);
        if (!flows) runs.push([]);
      }
    })(root);
    return runs.filter((run) => run.some((node) => /\d/.test(node.data)));
  }

  function each(root, selector, work) {
    const found = [...root.querySelectorAll(selector)];
    if (root.matches && root.matches(selector)) found.push(root);
    found.filter((element) => !element.closest(IGNORED)).forEach((element) => safely(work)(element));
  }

  function swapNumber(root, find) {
    runsIn(root).forEach((run) => editRun(run, find));
    each(root, TEL, (link) => {
      const text = decodeURIComponent(read(link, "href").slice(4));
      const edits = find(text);
      if (edits.length) change(link, "href", "tel:" + encodeURI(edited(text, edits)));
    });
    ["aria-label", "title"].forEach((name) =>
      each(root, "[" + name + "]", (element) => change(element, name, edited(read(element, name), find(read(element, name)))))
    );
  }

  function swapElement(element, next) {
    const found = runsIn(element).some((run) => editRun(run, anyPhone(next)));
    if (!found && !element.childNodes.length) element.appendChild(document.createTextNode(""));
    if (!found && element.childNodes.length === 1 && read(element.firstChild, "") === "") change(element.firstChild, "", "+" + next.digits);
    if (element.tagName === "A" && /^(tel:|#|$)/i.test(read(element, "href") || "")) change(element, "href", "tel:+" + next.digits);
  }

  // The page's own changes are noted, those made by `work` are not.
  function unobserved(work) {
    if (observer) noted(observer.takeRecords());
    work();
    if (observer) observer.takeRecords();
  }

  function swapIn(root) {
    if (!shown || root.closest(IGNORED)) return;
    const next = parsed(shown);
    const apply = safely((rule) => {
      if (rule.number && rule.number !== shown) swapNumber(root, finder(rule.number, next));
      if (rule.selector) each(document, rule.selector, (element) => swapElement(element, next));
    });
    unobserved(() => (state.swap || []).forEach((rule) => apply(rule)));
    changes = changes.filter((entry) => entry[0].isConnected);
  }

  function restore() {
    shown = null;
    const undo = (entry) => read(entry[0], entry[1]) === entry[3] && write(entry[0], entry[1], entry[2]);
    unobserved(() => changes.reverse().forEach(undo));
    changes = [];
  }

  // The page's promo code is asked for once, and only if the page has a place for it.
  function showPromo(root) {
    each(root, PROMO, (element) => {
      if (!state.visitor) return;
      promo = promo || post("promo");
      const fill = (answer) => answer.spoken && answer.spoken !== element.textContent && (element.textContent = answer.spoken);
      promo.then((answer) => unobserved(() => fill(answer))).catch(() => {});
    });
  }

  function noted(records) {
    if (!records.length) return;
    if (!waiting) {
      waiting = new Set();
      setTimeout(safely(swapLate), 50);
    }
    records.forEach((record) => waiting.add(record.target));
  }

  function swapLate() {
    const targets = [...waiting];
    waiting = null;
    const roots = new Set(
      targets.map((node) => {
        let root = node.nodeType === 1 ? node : node.parentElement;
        while (root && INLINE.test(root.tagName)) root = root.parentElement;
        return root;
      })
    );
    if (roots.size > 50) roots.clear(), roots.add(document.documentElement);
    roots.forEach((root) => {
      if (!root || !root.isConnected) return;
      swapIn(root);
      showPromo(root);
    });
  }

  // ---- what is remembered, first-party

  function load() {
    let text = null;
    try {
      text = localStorage.getItem(KEY);
    } catch (error) {
      const found = document.cookie.match("(?:^|; )" + KEY + "=([^;]*)");
      text = found && decodeURIComponent(found[1]);
    }
    const found = safely(JSON.parse)(text) || {};
    if (!(found.born > Date.now() - TWO_YEARS * 1000)) return state;
    if (found.from !== state.from) base = ahead;
    return found;
  }

  function save() {
    const text = JSON.stringify(state);
    try {
      localStorage.setItem(KEY, text);
    } catch (error) {
      document.cookie = KEY + "=" + encodeURIComponent(text) + ";path=/;SameSite=Lax;max-age=" + TWO_YEARS;
    }
  }

  // The tabs that show this lease, each with the time until which it counts if it vanishes without a word.
  const countTabs = safely((mine) => {
    const tabs = JSON.parse(localStorage.getItem(TABS) || "{}");
    tabs[tab] = mine;
    Object.keys(tabs).forEach((name) => tabs[name] > Date.now() || delete tabs[name]);
    localStorage.setItem(TABS, JSON.stringify(tabs));
    return Object.keys(tabs).length;
  });

  // ---- the service

  function address(task) {
    return config.base + "/v1/sites/" + config.site + "/" + task;
  }

  function within(time, work) {
    return Promise.race([work, new Promise((_, fail) => setTimeout(fail, time))]);
  }

  function post(task, more) {
    const page = { visitor_id: state.visitor, url: location.href, referrer: document.referrer };
    // A string goes as text/plain, which needs no preflight.
    const body = JSON.stringify(Object.assign(page, more));
    const answered = fetch(address(task), { method: "POST", body, keepalive: true, credentials: "omit" }).then((response) => {
      if (!response.ok) throw response;
      return response.json();
    });
    return within(TIMEOUT, answered);
  }

  function tell(task, body) {
    const all = Object.assign({ visitor_id: state.visitor, lease: state.lease }, body);
    if (navigator.sendBeacon) navigator.sendBeacon(address(task), JSON.stringify(all));
    else post(task, all).catch(() => {});
  }

  // An answer holds from when it was asked for: a lease ends here no later than on the server, however slow the way.
  function keep(answer, sent) {
    // Not so soon that a service which names no time, or is slow, is asked without end.
    const after = (seconds) => sent + Math.max(seconds | 0, 10) * 1000;
    const number = answer.kind !== "original" && /^\+\d{7,15}$/.test(answer.number) ? answer.number : null;
    state = load();
    state = {
      born: state.born || sent,
      visitor: answer.visitor_id,
      // The last lease, ended or not, proves to the service that it is this visitor who comes back.
      lease: answer.lease || state.lease,
      number: number,
      swap: answer.swap,
      from: sent,
      expires: after(answer.expires_in),
      renew: after(answer.renew_in),
      // Leaving does not give it back: it is no lease, or the visitor is on the way to the telephone.
      stays: !answer.lease || (state.stays && state.number === number && holds()),
    };
    base = ahead;
    arriving = false;
    save();
  }

  function request() {
    // Another tab may have asked while this one waited for its turn.
    state = load();
    const sent = Date.now();
    return due() ? post("number", { lease: state.lease }).then((answer) => keep(answer, sent)) : undefined;
  }

  function ask() {
    if (asking) return;
    const locks = navigator.locks;
    // A tab that sleeps while it holds the lock must not keep the others waiting.
    asking = within(3 * TIMEOUT, locks ? locks.request(KEY, request) : request())
      .catch(() => (retryAt = now() + RETRY))
      .then(() => {
        asking = null;
        look();
      });
  }

  // What is shown follows from the clock and from what all tabs store; events and timers only say when to look. The page
  // of an ended lease that nobody uses has no timer: it looks when somebody does.
  const look = safely(() => {
    const time = now();
    state = load();
    const number = holds() ? state.number : null;
    if (number !== shown) {
      restore();
      shown = number;
      swapIn(document.documentElement);
    }
    const inUse = !document.hidden && time - usedAt < IDLE;
    if (inUse && due() && time >= retryAt) ask();
    if (!asking && !observer && state.visitor) {
      showPromo(document.documentElement);
      // Content that comes later is swapped when it has come to rest for a moment.
      observer = new MutationObserver(safely(noted));
      const attributeFilter = ["href", "aria-label", "title"];
      observer.observe(document.documentElement, { childList: true, subtree: true, characterData: true, attributeFilter });
    }
    if (number) countTabs(state.expires);
    const until = (moment) => (moment > time - base ? moment + base - time : RETRY);
    const wait = Math.min(RETRY, until(state.expires), until(state.renew));
    lookAt = inUse ? time + wait : 0;
    clearTimeout(timer);
    if (number || inUse) timer = setTimeout(look, wait);
  });

  function used() {
    usedAt = now();
    if (usedAt >= lookAt) look();
  }

  // What is done before the first answer waits for it: it is the answer that says who did it.
  function happened(body) {
    const told = Object.assign({ url: location.href }, body);
    const send = safely(() => tell("events", told));
    if (state.visitor || !asking) send();
    else asking.then(send);
  }

  function lead(body) {
    happened(Object.assign({ type: "form" }, body));
  }

  // A field is read only where the page's author marked it.
  function submitted(event) {
    leavingAt = now();
    const form = event.target;
    const name = form.getAttribute("data-callpath-lead");
    const phone = form.querySelector("[data-callpath-phone]");
    if (name !== null) lead({ form: name.slice(0, 100), phone: phone ? phone.value.slice(0, 40) : undefined });
  }

  function clicked(event) {
    const link = event.target.closest("a[href]");
    if (!link) return;
    if (link.matches(TEL)) {
      state = load();
      state.stays = true;
      save();
      happened({ type: "tel_click" });
    } else if (link.protocol === "mailto:") happened({ type: "email_click" });
    else if (link.host === location.host) leavingAt = now();
  }

  function left() {
    clearTimeout(timer);
    // What happens between here and the end of the page is no use of it.
    lookAt = Infinity;
    state = load();
    const others = countTabs(0);
    // On the way to the next page, or to the telephone, the number is still needed.
    if (others || state.stays || !state.renew || !holds() || now() < leavingAt + 5000) return;
    tell("release");
    state.expires = Math.min(state.expires, Date.now() + GRACE);
    state.renew = 0;
    save();
  }

  function start() {
    on(document, "click auxclick", clicked);
    on(document, "submit", submitted);
    on(document, "visibilitychange pointerdown pointermove keydown wheel", used);
    // A slide show scrolls its own element: only the page's scrolling, which comes up to the window, is the visitor's.
    on(window, "scroll focus pageshow", used);
    on(window, "pageshow online", () => {
      retryAt = 0;
      look();
    });
    on(window, "pagehide", left);
    on(window, "storage", (event) => event.key === KEY && look());
    const from = document.referrer.split("/")[2] || location.host;
    state = load();
    arriving = CAMPAIGN.test(location.search + location.hash) || from !== location.host;
    if (due()) ask();
    used();
  }

  window.callpath = {
    number: () => shown,
    refresh: safely(ask),
    visitor: () => state.visitor || null,
    event: safely(happened),
    lead: safely(lead),
  };
  if (document.prerendering) document.addEventListener("prerenderingchange", safely(start), { once: true });
  else safely(start)();
})(__CONFIG__);
