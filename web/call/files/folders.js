/**
 * What a person chose or dropped, as things to send: single files, and folders, each of which travels as one archive. Pure.
 *
 * @typedef {{ name: string, files: { path: string, file: File }[] }} Folder  `path` begins with the folder's own name
 */

/**
 * @param {Iterable<File>} files of a chooser; those of a folder know their path in it
 * @returns {(File | Folder)[]}
 */
export function thingsFrom(files) {
  /** @type {Map<string, Folder>} */
  const folders = new Map();
  /** @type {(File | Folder)[]} */
  const things = [];
  for (const file of files) {
    const path = file.webkitRelativePath;
    const [name] = path?.split('/') ?? [''];
    if (!name) {
      things.push(file);
      continue;
    }
    let folder = folders.get(name);
    if (!folder) {
      folders.set(name, folder = { name, files: [] });
      things.push(folder);
    }
    folder.files.push({ path, file });
  }
  return things;
}
