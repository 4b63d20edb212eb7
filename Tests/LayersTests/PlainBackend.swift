import Layers

/// Convolutions by their definition, in plain Swift: a backend for tests, as small as one can be, and a reference for
/// the others. Every sum is in double precision.
struct PlainBackend: ConvolutionBackend {
  static let plain = ConvolutionAlgorithm(backend: "Plain", name: "loops", method: .direct)

  let library = ConvolutionLibrary(name: "Plain", version: "1", instructionSet: "any")
  let algorithms = [Self.plain]

  func isAvailable(_ algorithm: ConvolutionAlgorithm) -> Bool { true }
  func fits(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Bool { true }
  func nanoseconds(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Double {
    problem.shape.macs
  }
  func makeKernel(
    _ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem
  ) throws -> any ConvolutionKernel { PlainKernel(problem) }
  func prepareThread() {}
}

private final class PlainKernel: ConvolutionKernel {
  let algorithm = PlainBackend.plain
  let scratchCount = 0
  private let problem: ConvolutionProblem
  private let shape: ConvolutionShape

  init(_ problem: ConvolutionProblem) {
    self.problem = problem
    shape = problem.shape
  }

  var packedCount: Int { shape.outChannels * shape.inChannels * shape.kernelSize * shape.kernelSize }

  var panels: Int { 1 }

  func pack(_ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>, panels: Range<Int>) {
    packed.update(from: weights, count: packedCount)
  }

  func unpack(_ packed: UnsafePointer<Float>, into weights: UnsafeMutablePointer<Float>, panels: Range<Int>) {
    weights.update(from: packed, count: packedCount)
  }

  func run(_ operands: ConvolutionOperands, scratch: UnsafeMutablePointer<Float>) {
    let input = Layout(shape.inChannels, shape.height, shape.width, lanes: problem.inLanes)
    let output = Layout(shape.outChannels, shape.outHeight, shape.outWidth, lanes: problem.lanes)
    let written =
      switch problem.direction {
      case .forward: (operands.output, shape.rows * output.rowCount)
      case .backwardData: (operands.input, shape.rows * input.rowCount)
      case .backwardWeights: (operands.weights, packedCount)
      }
    var sums = [Double](repeating: 0, count: written.1)
    forEachProduct { row, o, i, outY, outX, y, x, tap in
      let a = input.place(row, i, y, x)
      let w = (o * shape.inChannels + i) * shape.kernelSize * shape.kernelSize + tap
      let b = output.place(row, o, outY, outX)
      switch problem.direction {
      case .forward: sums[b] += Double(operands.input[a]) * Double(operands.weights[w])
      case .backwardData: sums[a] += Double(operands.output[b]) * Double(operands.weights[w])
      case .backwardWeights: sums[w] += Double(operands.input[a]) * Double(operands.output[b])
      }
    }
    for (place, sum) in sums.enumerated() { written.0[place] = Float(sum) }
  }

  /// y[o, outY, outX] = Σ w[o, i, tap] · x[i, y, x]: every product once, those on padding left out.
  private func forEachProduct(_ body: (Int, Int, Int, Int, Int, Int, Int, Int) -> Void) {
    for row in 0..<shape.rows {
      for (outY, outX) in product(shape.outHeight, shape.outWidth) {
        for (tapY, tapX) in product(shape.kernelSize, shape.kernelSize) {
          let y = outY * shape.stride - shape.padding + tapY
          let x = outX * shape.stride - shape.padding + tapX
          guard (0..<shape.height).contains(y), (0..<shape.width).contains(x) else { continue }
          for (o, i) in product(shape.outChannels, shape.inChannels) {
            body(row, o, i, outY, outX, y, x, tapY * shape.kernelSize + tapX)
          }
        }
      }
    }
  }

  private func product(_ a: Int, _ b: Int) -> [(Int, Int)] {
    (0..<a).flatMap { x in (0..<b).map { (x, $0) } }
  }

  /// [row][block][pixel][lane]
  private struct Layout {
    let blocks: Int
    let height: Int
    let width: Int
    let lanes: Int

    init(_ channels: Int, _ height: Int, _ width: Int, lanes: Int) {
      blocks = (channels + lanes - 1) / lanes
      self.height = height
      self.width = width
      self.lanes = lanes
    }

    var rowCount: Int { blocks * height * width * lanes }

    func place(_ row: Int, _ channel: Int, _ y: Int, _ x: Int) -> Int {
      row * rowCount + ((channel / lanes * height + y) * width + x) * lanes + channel % lanes
    }
  }
}
