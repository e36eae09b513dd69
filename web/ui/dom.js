/**
 * The few things every view does with the document: stamp a template, find a part of it, name an icon.
 * Markup lives in index.html; scripts only fill it in, with text nodes (the page enforces Trusted Types).
 */

/**
 * A copy of the first element inside `<template id>`.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function stamp(id) {
  const template = document.querySelector(`template#${id}`);
  if (!(template instanceof HTMLTemplateElement)) throw new Error(`index.html has no template '${id}'`);
  const element = template.content.firstElementChild?.cloneNode(true);
  if (!(element instanceof HTMLElement)) throw new Error(`template '${id}' is empty`);
  return element;
}

/**
 * The element marked `data-part="name"` inside `root`, checked to be of `type`.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} name
 * @param {{new (): T}} [type]
 * @returns {T}
 */
export function part(root, name, type) {
  const element = root.querySelector(`[data-part="${name}"]`);
  const wanted = type ?? HTMLElement;
  if (!(element instanceof wanted)) throw new Error(`no ${wanted.name} marked '${name}'`);
  return /** @type {T} */ (element);
}

/**
 * Points the `<use>` inside `root` at another icon of the sprite.
 * @param {Element} root
 * @param {string} name
 */
export function setIcon(root, name) {
  root.querySelector('use')?.setAttribute('href', `#i-${name}`);
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {string} [text]
 * @returns {HTMLElement}
 */
export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * What comes when it is asked for brings its style sheet along.
 * @param {string} name  of a sheet in `style/`
 */
export function dress(name) {
  const href = new URL(`../style/${name}.css`, import.meta.url).href;
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return;
  document.head.append(Object.assign(make('link', ''), { rel: 'stylesheet', href }));
}

/**
 * Whether a key press belongs to what has the focus (typing, choosing) and not to the page's shortcuts.
 * @param {EventTarget | null} target
 */
export function takesKeys(target) {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(input|textarea|select|option)$/i.test(target.tagName);
}
