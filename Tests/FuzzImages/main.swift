import Foundation
import FuzzSupport
import Images

// Decodes spoiled copies of the fixtures, each whole, strictly, and inside a box at a scale, and counts what comes of
// them. What must not come: a crash, a hang, more memory than the pictures have pixels.
//
//     FuzzImages FOLDER COUNT [SEED] [FIRST]
//
// FOLDER: seeds, pictures of any kind, with those in its subfolders. COUNT inputs are made, from number FIRST on (0):
// the same for the same folder, seed (0) and number. Prints a line of JSON; fails if a decoder breaks its promises.

/// Pictures of more pixels are not decoded here: a file of a few bytes can have them, and they only take time.
let largestPixelCount = 4_000_000

struct Outcomes {
  var counts: [String: Int] = [:]
  var slowest = (seconds: 0.0, input: -1)
  var broken: [String] = []
}

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(1)
}

func seeds(in folder: String) -> [[UInt8]] {
  let paths = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
  return paths.sorted().filter {
    $0.hasSuffix("png") || $0.lowercased().hasSuffix("jpeg") || $0.hasSuffix("bin")
  }
  .compactMap { FileManager.default.contents(atPath: folder + "/" + $0).map(Array.init) }
  .filter { !$0.isEmpty && $0.count < 20_000 }
}

func spoiled(_ seeds: [[UInt8]], _ draw: inout Draws) -> [UInt8] {
  var bytes = draw.element(of: seeds)
  let other = draw.element(of: seeds)
  for _ in 0...draw(below: 4) { draw.element(of: Mutation.allCases).apply(to: &bytes, other: other, &draw) }
  if bytes.first == 0x89 && draw(below: 8) > 0 { repairChecksums(&bytes) }
  return bytes
}

func decodeAll(_ bytes: [UInt8], input: Int, _ draw: inout Draws, _ outcomes: inout Outcomes)
  throws(ImageError)
{
  let image = try EncodedImage(bytes[...])
  guard image.width * image.height <= largestPixelCount else {
    outcomes.counts["large", default: 0] += 1
    return
  }
  let whole = Result { () throws(ImageError) in try image.decoded() }
  let strict = Result { () throws(ImageError) in try image.decoded(strict: true) }
  let top = draw(below: image.height)
  let left = draw(below: image.width)
  let box = CropBox(
    top: top, left: left, height: 1 + draw(below: image.height - top),
    width: 1 + draw(below: image.width - left))
  let eighths = image.format == .jpeg ? draw.element(of: [8, 8, 4, 2, 1]) : 8
  let region = Result { () throws(ImageError) in try image.decoded(covering: box, eighths: eighths) }

  // What strict decoding accepts, plain decoding accepts, too, and gives the same pixels; so does every box.
  if case .success(let pixels) = strict, (try? whole.get()) != pixels {
    outcomes.broken.append("input \(input): strict decoding differs")
  }
  if case .success(let pixels) = whole, eighths == 8 {
    guard case .success(let region) = region, agrees(region, pixels) else {
      outcomes.broken.append("input \(input): \(box) differs")
      return
    }
  }
  if case .success = whole {
    let kind = (try? strict.get()) == nil ? "decoded, not strictly" : "decoded"
    outcomes.counts[kind, default: 0] += 1
  }
  _ = try whole.get()
}

func agrees(_ region: DecodedRegion, _ whole: RGBImage) -> Bool {
  let rowBytes = 3 * region.pixels.width
  return (0..<region.pixels.height).allSatisfy { y in
    let start = 3 * ((region.top + y) * whole.width + region.left)
    return region.pixels.pixels[rowBytes * y..<rowBytes * (y + 1)] == whole.pixels[start..<start + rowBytes]
  }
}

func name(_ error: ImageError) -> String {
  switch error {
  case .empty: "empty"
  case .unknownFormat: "unknown format"
  case .truncated: "truncated"
  case .damaged: "damaged"
  case .unsupported: "unsupported"
  case .noMemory: "no memory"
  case .tooLarge: "too large"
  }
}

let arguments = CommandLine.arguments
guard arguments.count >= 3, let count = Int(arguments[2]) else {
  fail("usage: FuzzImages FOLDER COUNT [SEED] [FIRST]")
}
let seed = arguments.count > 3 ? UInt64(arguments[3]) ?? 0 : 0
let first = arguments.count > 4 ? Int(arguments[4]) ?? 0 : 0
let pictures = seeds(in: arguments[1])
guard !pictures.isEmpty else { fail("\(arguments[1]) has no pictures") }

var outcomes = Outcomes()
let clock = ContinuousClock()
for input in first..<first + count {
  var draw = Draws(seed: seed, input: input)
  let bytes = spoiled(pictures, &draw)
  let time = clock.measure {
    do throws(ImageError) {
      try decodeAll(bytes, input: input, &draw, &outcomes)
    } catch {
      outcomes.counts[name(error), default: 0] += 1
    }
  }
  let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18
  if seconds > outcomes.slowest.seconds { outcomes.slowest = (seconds, input) }
}

let report: [String: Any] = [
  "inputs": count, "seed": seed, "seeds": pictures.count, "outcomes": outcomes.counts,
  "slowest_input": outcomes.slowest.input, "slowest_seconds": outcomes.slowest.seconds,
  "broken_promises": outcomes.broken.count,
]
let json = try JSONSerialization.data(withJSONObject: report, options: [.sortedKeys])
FileHandle.standardOutput.write(json + Data("\n".utf8))
if !outcomes.broken.isEmpty { fail(outcomes.broken.prefix(20).joined(separator: "\n")) }
