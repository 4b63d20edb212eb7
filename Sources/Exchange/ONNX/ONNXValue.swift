import COpenBLAS

/// Where the kernel of a convolution or of pooling stands.
struct ONNXWindow {
  /// Of the kernel, high and wide.
  let size: Int
  let stride: Int
  /// On every side.
  let padding: Int

  func outputs(_ inputs: Int) -> Int { (inputs + 2 * padding - size) / stride + 1 }
}

/// A tensor in double precision, row-major.
struct ONNXValue {
  let shape: [Int]
  let numbers: [Double]

  init(_ shape: [Int], _ numbers: [Double]) {
    precondition(numbers.count == shape.reduce(1, *), "\(numbers.count) numbers for shape \(shape)")
    self.shape = shape
    self.numbers = numbers
  }

  /// Numbers of one channel of one image.
  private var pixels: Int { shape.dropFirst(2).reduce(1, *) }

  func map(_ change: (Double) -> Double) -> ONNXValue { ONNXValue(shape, numbers.map(change)) }

  /// Number by number. `other` has this shape, one number for a map `[N, C, 1, 1]`, or one for all.
  func combined(with other: ONNXValue, _ combine: (Double, Double) -> Double) -> ONNXValue {
    let repeats = numbers.count / other.numbers.count
    precondition(repeats * other.numbers.count == numbers.count, "\(shape) with \(other.shape)")
    return ONNXValue(shape, numbers.indices.map { combine(numbers[$0], other.numbers[$0 / repeats]) })
  }

  /// Over the pixels of each map: `[N, C, 1, 1]`.
  var means: ONNXValue {
    let pixels = pixels
    return ONNXValue(
      [shape[0], shape[1], 1, 1],
      stride(from: 0, to: numbers.count, by: pixels).map { first in
        numbers[first..<first + pixels].reduce(0, +) / Double(pixels)
      })
  }

  /// γ·(x − μ)/√(σ² + ε) + β.
  ///
  /// - Parameter constants: γ, β, μ and σ² of every channel.
  func normalized(_ constants: [ONNXValue], epsilon: Double) -> ONNXValue {
    let (gamma, beta, mean, variance) = (
      constants[0].numbers, constants[1].numbers, constants[2].numbers, constants[3].numbers
    )
    let scale = gamma.indices.map { gamma[$0] / (variance[$0] + epsilon).squareRoot() }
    let (pixels, channels) = (pixels, shape[1])
    return ONNXValue(
      shape,
      numbers.indices.map { index in
        let channel = index / pixels % channels
        return scale[channel] * (numbers[index] - mean[channel]) + beta[channel]
      })
  }

  /// Weights `[out, in, k, k]`: a matrix product with the pixels that each output sees.
  func convolved(with weights: ONNXValue, _ window: ONNXWindow) -> ONNXValue {
    let outputs = weights.shape[0]
    let seen = shape[1] * window.size * window.size
    let (height, width) = (window.outputs(shape[2]), window.outputs(shape[3]))
    var numbers: [Double] = []
    for image in 0..<shape[0] {
      let pixels = columns(of: image, window, padding: 0)
      numbers += [Double](unsafeUninitializedCapacity: outputs * height * width) { buffer, count in
        openblas_dgemm(
          0, 0, Int32(outputs), Int32(height * width), Int32(seen), 1, weights.numbers, Int32(seen), pixels,
          Int32(height * width), 0, buffer.baseAddress!, Int32(height * width))
        count = outputs * height * width
      }
    }
    return ONNXValue([shape[0], outputs, height, width], numbers)
  }

  /// Padding never wins.
  func maximum(over window: ONNXWindow) -> ONNXValue {
    let (height, width) = (window.outputs(shape[2]), window.outputs(shape[3]))
    let (places, outputs) = (window.size * window.size, height * width)
    var numbers: [Double] = []
    for image in 0..<shape[0] {
      let pixels = columns(of: image, window, padding: -.infinity)
      for channel in 0..<shape[1] {
        for output in 0..<outputs {
          numbers.append(
            (0..<places).reduce(-.infinity) { max($0, pixels[(channel * places + $1) * outputs + output]) })
        }
      }
    }
    return ONNXValue([shape[0], shape[1], height, width], numbers)
  }

  /// What every output sees of an image: `[C·k·k, outputs]`.
  private func columns(of image: Int, _ window: ONNXWindow, padding: Double) -> [Double] {
    let (height, width) = (shape[2], shape[3])
    let (outHeight, outWidth) = (window.outputs(height), window.outputs(width))
    var columns = [Double](
      repeating: padding, count: shape[1] * window.size * window.size * outHeight * outWidth)
    var place = 0
    for channel in 0..<shape[1] {
      let map = (image * shape[1] + channel) * height * width
      for dy in 0..<window.size {
        for dx in 0..<window.size {
          for row in 0..<outHeight {
            let y = row * window.stride + dy - window.padding
            for column in 0..<outWidth {
              let x = column * window.stride + dx - window.padding
              if y >= 0, y < height, x >= 0, x < width { columns[place] = numbers[map + y * width + x] }
              place += 1
            }
          }
        }
      }
    }
    return columns
  }
}
