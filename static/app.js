// What pages do better with script. Every page works without it.
(() => {
  'use strict';

  const find = (selector) => document.querySelector(selector);
  const CHECK = '/register/check';
  const ADVICE = '/password/advice';
  // A second press within this time is the same press.
  const ONE_PRESS = 4000;

  /** Has screen readers say something. */
  const tell = (text) => { find('#status').textContent = text; };

  /** Shows what went wrong where forms tell their problems; what was typed stays. */
  const complain = (text) => {
    const box = document.createElement('div');
    box.className = 'problem';
    box.tabIndex = -1;
    box.setAttribute('role', 'alert');
    box.append(document.createElement('p'));
    box.firstChild.textContent = text;
    find('#problems').replaceChildren(box);
    box.focus();
  };

  // Submitting ------------------------------------------------------------------------------

  const pressed = new WeakMap();

  document.addEventListener('submit', (event) => {
    const form = event.target;
    // A field found wrong holds its form back for as long as it holds what was found wrong.
    const wrong = [...form.elements].find((field) =>
      field.getAttribute('aria-invalid') === 'true' && field.value === field.defaultValue);
    const again = !(window.htmx && form.dataset.hxPost) && Date.now() - (pressed.get(form) ?? 0) < ONE_PRESS;
    if (wrong || again) {
      event.preventDefault();
      event.stopImmediatePropagation();
      wrong?.focus();
      return;
    }
    pressed.set(form, Date.now());
    for (const field of form.elements) {
      if (field.dataset.shown) hide(field);
      // A check that is under way would be cut off by the new page and look like a lost line.
      field.dispatchEvent(new Event('htmx:abort'));
    }
  }, true);

  // The second click of a double click must not press the button that took the first one's place.
  document.addEventListener('click', (event) => {
    if (event.detail > 1 && event.target.closest('button')) event.preventDefault();
  }, true);

  addEventListener('pageshow', (event) => {
    if (event.persisted) for (const form of document.forms) pressed.delete(form);
  });

  // Passwords -------------------------------------------------------------------------------

  const hide = (input) => {
    input.type = 'password';
    delete input.dataset.shown;
    input.parentElement.lastElementChild.textContent = 'Show password';
  };

  for (const input of document.querySelectorAll('input[type=password]')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet reveal';
    button.textContent = 'Show password';
    button.setAttribute('aria-controls', input.id);
    button.addEventListener('click', () => {
      if (input.dataset.shown) {
        hide(input);
      } else {
        input.type = 'text';
        input.dataset.shown = 'yes';
        button.textContent = 'Hide password';
      }
    });
    input.parentElement.append(button);
  }

  // Counting characters ---------------------------------------------------------------------

  let counting;

  /** Shows how many characters a field has left; the hint says how many there are. */
  const count = (field) => {
    const left = field.dataset.max - [...field.value.trim()].length;
    const number = Math.abs(left);
    const text = `You have ${number} ${number === 1 ? 'character' : 'characters'} ${left < 0 ? 'too many' : 'left'}`;
    const id = `${field.id}-count`;
    let counter = document.getElementById(id);
    if (!counter) {
      counter = document.createElement('p');
      counter.id = id;
      field.after(counter);
    }
    counter.className = left < 0 ? 'error' : 'hint';
    counter.textContent = text;
    clearTimeout(counting);
    // Spoken in a pause, and only when it matters.
    if (left <= 20) counting = setTimeout(tell, 1000, text);
  };

  for (const name of ['focusin', 'input']) {
    document.addEventListener(name, ({ target }) => { if (target.dataset?.max) count(target); });
  }

  // The chosen picture, before it is uploaded -----------------------------------------------

  document.addEventListener('change', ({ target }) => {
    if (target.id !== 'avatar') return;
    const preview = find('#preview');
    preview.kept ??= [...preview.childNodes];
    const [file] = target.files;
    if (!file) {
      preview.replaceChildren(...preview.kept);
      return;
    }
    const image = new Image(96, 96);
    image.className = 'avatar';
    image.alt = 'Preview of the chosen picture';
    image.src = URL.createObjectURL(file);
    image.addEventListener('load', () => URL.revokeObjectURL(image.src));
    preview.replaceChildren(image);
    tell('The chosen picture is shown. It is not uploaded yet.');
  });

  // Around htmx -----------------------------------------------------------------------------

  const onHtmx = (name, listener) => document.addEventListener(`htmx:${name}`, (event) => {
    const { ctx } = event.detail;
    if (ctx && listener(ctx, [CHECK, ADVICE].includes(ctx.request.action)) === false) event.preventDefault();
  });

  onHtmx('config:request', (ctx) => {
    // Leaving a field is no reason to send a password.
    if (ctx.request.action === CHECK) ctx.request.body.delete('password');
  });

  // A whole page where a part was asked for is an error's: say it, and swap nothing, unless it says itself
  // that it takes the place of the page.
  onHtmx('after:request', (ctx, isCheck) => {
    const isError = ctx.response.status >= 400;
    if (!/^\s*<!doctype/i.test(ctx.text) || ctx.hx.retarget || (ctx.select && !isError)) return true;
    if (!isCheck) {
      const page = new DOMParser().parseFromString(ctx.text, 'text/html');
      complain(page.querySelector('main p')?.textContent ?? 'That did not work. Try again.');
    }
    return false;
  });

  onHtmx('error', (ctx, isCheck) => {
    if (!isCheck) complain('There is no connection right now. What you typed is still here. Try again in a moment.');
  });

  onHtmx('before:swap', (ctx, isCheck) => {
    const field = ctx.sourceElement;
    // The person came back to the field, or went on typing: the answer is out of date.
    if (isCheck) {
      const isLeft = field !== document.activeElement || ctx.request.action === ADVICE;
      return isLeft && field.value === ctx.request.body.get(field.name);
    }
    ctx.people = find('#people')?.children.length;
    return true;
  });

  onHtmx('after:swap', (ctx) => {
    if (ctx.select) {
      const fresh = find('#people').children.length - ctx.people;
      history.replaceState(null, '', ctx.request.action);
      find(`#people > :nth-child(${ctx.people + 1}) a`)?.focus();
      tell(`${fresh} more people.`);
      offerMore();
      return;
    }
    const part = document.getElementById(ctx.target?.id);
    if (part?.dataset.at) history.replaceState(null, '', part.dataset.at);
    // What had the focus is gone: the part says what has it now.
    if (document.activeElement === document.body) document.getElementById(part?.dataset.focus)?.focus();
  });

  // Lists that load more --------------------------------------------------------------------

  const offerMore = () => {
    const older = find('#pages a[rel=next]');
    if (!older) return;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.textContent = 'Load more';
    button.addEventListener('click', () => htmx.ajax('GET', older.getAttribute('href'), {
      source: button,
      target: '#people',
      swap: 'beforeend',
      select: '#people > li',
      selectOOB: '#pages',
    }));
    older.after(button);
  };

  if (window.htmx) offerMore();
})();
