/** Reads QR codes from the camera: with what the browser has for it, or else with a library. */

import decodeQR from "qr/decode.js";

/** What browsers have that can detect codes; the types of TypeScript do not know it yet. */
interface Detector {
  detect(image: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
type DetectorClass = { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> };

/**
 * Shows the camera in the element until `accepts` takes a code, or the signal; that code.
 *
 * @throws DOMException if there is no camera, or the user does not allow it.
 */
export async function scan(video: HTMLVideoElement, signal: AbortSignal, accepts: (code: string) => Promise<boolean>): Promise<string | null> {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  try {
    video.srcObject = stream;
    await video.play();
    const read = await reader();
    while (!signal.aborted) {
      const code = await read(video);
      if (code !== null && (await accepts(code))) return code;
      await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}

async function reader(): Promise<(video: HTMLVideoElement) => Promise<string | null>> {
  const Detector = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  if ((await Detector?.getSupportedFormats())?.includes("qr_code")) {
    const detector = new (Detector as DetectorClass)({ formats: ["qr_code"] });
    return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
  }
  const canvas = new OffscreenCanvas(0, 0);
  const context = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  return async (video) => {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    context.drawImage(video, 0, 0);
    try {
      return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      // There is none in this frame, or not all of it.
      return null;
    }
  };
}
