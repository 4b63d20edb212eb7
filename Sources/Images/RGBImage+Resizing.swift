import CPixels

extension RGBImage {
  /// The part of the image inside `box`, resized to `width`×`height` with antialiasing.
  ///
  /// Source: torchvision's `resized_crop` on Pillow images, bit for bit: the box is cut out first, so that
  /// pixels outside never weigh in; then Pillow's two fixed-point passes, along rows and along columns, each
  /// rounded to 8 bits.
  public func resizedCrop(
    _ box: CropBox, width: Int, height: Int, interpolation: Interpolation
  ) -> RGBImage {
    precondition(box.lies(inWidth: self.width, height: self.height), "\(box) leaves the image")
    precondition(width > 0 && height > 0)
    return resampled(
      columns: ResamplingWeights(
        start: Double(box.left), length: Double(box.width), size: width, interpolation: interpolation),
      rows: ResamplingWeights(
        start: Double(box.top), length: Double(box.height), size: height, interpolation: interpolation)
    ).interleaved
  }

  /// The image as evaluation sees it: its shorter side resized to `shorterSide`, the `side`×`side` pixels
  /// in its middle cut out. Only these are computed.
  ///
  /// Source: torchvision's `Resize` and `CenterCrop` (bicubic where `interpolation` says so).
  public func evaluationCrop(
    shorterSide: Int, side: Int, interpolation: Interpolation = .bicubic
  ) -> RGBImage {
    precondition(side > 0 && side <= shorterSide, "a crop of \(side) from a side of \(shorterSide)")
    func middle(of length: Int, resizedTo size: Int) -> ResamplingWeights {
      // Python's round takes halves to the even neighbour.
      let start = Int((Double(size - side) / 2).rounded(.toNearestOrEven))
      return ResamplingWeights(
        start: 0, length: Double(length), size: size, outputs: start..<start + side,
        interpolation: interpolation)
    }
    return resampled(
      columns: middle(of: width, resizedTo: width <= height ? shorterSide : shorterSide * width / height),
      rows: middle(of: height, resizedTo: height <= width ? shorterSide : shorterSide * height / width)
    ).interleaved
  }

  /// The image resampled along rows, as far as the columns' weights need them, and then along columns.
  func resampled(columns: ResamplingWeights, rows: ResamplingWeights) -> PlanarImage {
    let (usedColumns, usedRows) = (columns.source, rows.source)
    precondition(
      usedColumns.lowerBound >= 0 && usedColumns.upperBound <= width && usedRows.lowerBound >= 0
        && usedRows.upperBound <= height, "rows \(usedRows) and columns \(usedColumns) of \(width)×\(height)")
    let narrowPlane = columns.count * usedRows.count
    let plane = columns.count * rows.count
    return PlanarImage(width: columns.count, height: rows.count) { result in
      let stripBytes = pixels_strip_bytes(Int32(usedColumns.count), Int32(columns.count))
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: stripBytes + 3 * narrowPlane) { scratch in
        let narrow = scratch.baseAddress! + stripBytes
        pixels.withUnsafeBufferPointer { pixels in
          let start = pixels.baseAddress! + 3 * (usedRows.lowerBound * width + usedColumns.lowerBound)
          columns.relative(to: usedColumns.lowerBound).withKernelWeights {
            pixels_resample_rows(
              start, 3 * width, Int32(usedRows.count), Int32(usedColumns.count), $0, scratch.baseAddress,
              narrow)
          }
        }
        rows.relative(to: usedRows.lowerBound).withKernelWeights { weights in
          for c in 0..<3 {
            pixels_resample_columns(
              narrow + c * narrowPlane, Int32(columns.count), weights, result.baseAddress! + c * plane)
          }
        }
      }
    }
  }
}
