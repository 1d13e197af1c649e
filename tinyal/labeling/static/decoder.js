// A worker that turns the bytes of pictures into bitmaps no larger than the screen: decoding never delays a key press.

self.onmessage = async ({ data: { number, blob, longest } }) => {
  try {
    const whole = await createImageBitmap(blob);
    const { width, height } = whole;
    const scale = Math.min(1, longest / Math.max(width, height));
    let bitmap = whole;
    if (scale < 1) {
      const [resizeWidth, resizeHeight] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
      bitmap = await createImageBitmap(whole, { resizeWidth, resizeHeight, resizeQuality: "high" });
      whole.close();
    }
    self.postMessage({ number, bitmap, width, height }, [bitmap]);
  } catch (error) {
    self.postMessage({ number, error: String(error) });
  }
};
