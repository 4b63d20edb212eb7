import Datasets
import Images
import Tensors

/// Images of a batch as the network sees them, to look at: a row an image, its views and their turns beside each other.
struct ViewSheet {
  static let rows = 8
  /// Tiles are made smaller than views to be no larger than this, in pixels.
  static let largestTile = 128
  static let gap = 4

  let image: RGBImage

  /// - Parameter normalization: That of the batch's data set, which is undone.
  init(of batch: ViewBatch, normalization: Normalization) {
    let (tile, layout) = (min(batch.images.width, Self.largestTile), batch.layout)
    let rows = min(Self.rows, layout.images)
    let step = tile + Self.gap
    var canvas = ImageCanvas(
      width: Self.gap + layout.rowsPerImage * step, height: Self.gap + rows * step)
    for image in 0..<rows {
      for column in 0..<layout.rowsPerImage {
        let (view, turn) = column.quotientAndRemainder(dividingBy: layout.turns)
        let row = layout.row(of: RowLayout.Place(image: image, view: view, turn: turn))
        let whole = normalization.image(ofRow: row, of: batch.images)
        let small =
          whole.width == tile
          ? whole : whole.resizedCrop(whole.bounds, width: tile, height: tile, interpolation: .bicubic)
        canvas.draw(small, left: Self.gap + column * step, top: Self.gap + image * step)
      }
    }
    self.image = canvas.image
  }
}
