// The whiteboard's paper, as somebody draws on it and looks at it.

/** How many of the paper's points are not white. @param {import('./person.mjs').Person} person @returns {Promise<number>} */
export const inked = (person) => person.page.locator('.board canvas').evaluate(countInk);

/** The same of what `other` sees of somebody's shared paper. @param {import('./person.mjs').Person} other @param {string} name @returns {Promise<number>} */
export const inkShared = (other, name) => other.screenOf(name).locator('video').evaluate(countInk);

/** The same of a picture of it. @param {import('./png.mjs').Pixels} picture */
export function inkIn({ data, samples }) {
  let count = 0;
  for (let at = 0; at < data.length; at += samples) count += Number(data[at] + data[at + 1] + data[at + 2] < 600);
  return count;
}

/** In the page. @param {HTMLCanvasElement | HTMLVideoElement} paper */
function countInk(paper) {
  const [width, height] = paper instanceof HTMLVideoElement ? [paper.videoWidth, paper.videoHeight] : [paper.width, paper.height];
  if (width === 0) return 0; // no picture has come yet
  const brush = new OffscreenCanvas(width, height).getContext('2d');
  brush.drawImage(paper, 0, 0);
  const { data } = brush.getImageData(0, 0, width, height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) count += Number(data[at] + data[at + 1] + data[at + 2] < 600);
  return count;
}

/** A stroke, from and to as parts of the paper. */
export async function draws(person, from, to) {
  const box = await person.page.locator('.board canvas').boundingBox();
  await person.page.mouse.move(box.x + from[0] * box.width, box.y + from[1] * box.height);
  await person.page.mouse.down();
  await person.page.mouse.move(box.x + to[0] * box.width, box.y + to[1] * box.height, { steps: 8 });
  await person.page.mouse.up();
}
