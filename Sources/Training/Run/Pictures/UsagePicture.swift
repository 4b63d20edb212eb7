import Images
import Metrics

/// How often each channel was open, to look at: a row a gate, a column a channel, black never and white always.
struct UsagePicture {
  /// Of a row, with the gap below it, in pixels; a channel is as wide as makes the widest gate fill the picture.
  private static let (rowHeight, gap, width) = (12, 3, 1024)

  let image: RGBImage

  /// nil where there are no gates.
  init?(of gates: [GateChannels]) {
    guard let widest = gates.map(\.openShares.count).max(), widest > 0 else { return nil }
    let cell = max(1, Self.width / widest)
    var canvas = ImageCanvas(
      width: cell * widest, height: gates.count * (Self.rowHeight + Self.gap) - Self.gap)
    for (number, gate) in gates.enumerated() where !gate.openShares.isEmpty {
      let row = gate.openShares.flatMap { share in
        [UInt8](repeating: UInt8((255 * max(0, min(1, share))).rounded()), count: 3 * cell)
      }
      let rows = [[UInt8]](repeating: row, count: Self.rowHeight)
      canvas.draw(
        RGBImage(width: row.count / 3, height: Self.rowHeight, pixels: rows.flatMap(\.self)), left: 0,
        top: number * (Self.rowHeight + Self.gap))
    }
    image = canvas.image
  }
}
