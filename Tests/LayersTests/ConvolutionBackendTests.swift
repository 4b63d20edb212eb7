import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

/// How kernels are chosen among backends, whatever they are, and that their kernels agree.
@Suite struct ConvolutionBackendTests {
  /// A backend with made-up algorithms, each with its cost; it makes no kernels.
  private struct Paper: ConvolutionBackend {
    let name: String
    let costs: KeyValuePairs<ConvolutionAlgorithm, Double>
    var absent: Set<String> = []
    var unfit: Set<String> = []

    var library: ConvolutionLibrary { .init(name: name, version: "1", instructionSet: "paper") }
    var algorithms: [ConvolutionAlgorithm] { costs.map(\.key) }
    func isAvailable(_ algorithm: ConvolutionAlgorithm) -> Bool { !absent.contains(algorithm.name) }
    func fits(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Bool {
      !unfit.contains(algorithm.name)
    }
    func nanoseconds(_ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem) -> Double {
      costs.first { $0.key == algorithm }?.value ?? .nan
    }
    func makeKernel(
      _ algorithm: ConvolutionAlgorithm, _ problem: ConvolutionProblem
    ) throws -> any ConvolutionKernel {
      throw LayerError.convolution(what: "\(problem)", reason: "it is made of paper")
    }
    func prepareThread() {}
  }

  private static func algorithm(
    _ backend: String, _ name: String, _ method: ConvolutionAlgorithm.Method = .direct,
    _ precision: Precision = .f32
  ) -> ConvolutionAlgorithm {
    .init(backend: backend, name: name, method: method, precision: precision)
  }

  private static let slow = algorithm("A", "slow")
  private static let quick = algorithm("A", "quick", .winograd)
  private static let rough = algorithm("A", "rough", .direct, .bf16)
  private static let even = algorithm("B", "even")
  private static let a = Paper(name: "A", costs: [slow: 9, quick: 5, rough: 2])
  private static let b = Paper(name: "B", costs: [even: 5])

  private static let shape = ConvolutionShape(
    rows: 2, inChannels: 4, height: 5, width: 5, outChannels: 4, kernelSize: 3, stride: 1, padding: 1)
  private let problem = ConvolutionProblem(shape, .forward)

  private func chosen(
    _ choice: ConvolutionKernels.Choice = .auto, _ precision: Precision = .f32, _ backends: Paper...
  ) -> ConvolutionAlgorithm? {
    ConvolutionKernels(choice, precision: precision, backends: .init(backends)).algorithm(for: problem)
  }

  @Test func theLeastCostWins() {
    #expect(chosen(.auto, .f32, Self.a) == Self.quick)
    #expect(chosen(.auto, .bf16, Self.a) == Self.rough)
    #expect(chosen(.direct, .f32, Self.a) == Self.slow)
  }

  @Test func theFirstBackendOfAPrecisionWins() {
    #expect(chosen(.auto, .f32, Self.a, Self.b) == Self.quick)
    #expect(chosen(.direct, .f32, Self.a, Self.b) == Self.slow)
    #expect(chosen(.auto, .f32, Self.b, Self.a) == Self.even)
    #expect(chosen(.auto, .bf16, Self.b, Self.a) == Self.rough)
  }

  @Test func whatIsNotHereOrDoesNotFitIsNotTaken() {
    for keyPath in [\Paper.absent, \.unfit] {
      var backend = Self.a
      backend[keyPath: keyPath] = ["quick"]
      #expect(chosen(.auto, .f32, backend) == Self.slow)
      backend[keyPath: keyPath] = ["quick", "slow"]
      #expect(chosen(.auto, .f32, backend) == nil)
      #expect(chosen(.auto, .f32, backend, Self.b) == Self.even)
    }
    var backend = Self.a
    backend.absent = ["rough"]
    #expect(!ConvolutionBackends([backend]).support(.bf16))
    #expect(ConvolutionBackends([Self.a]).support(.bf16))
  }

  @Test func aRunSaysWhatItsConvolutionsAre() {
    func summary(_ choice: ConvolutionKernels.Choice, _ precision: Precision, _ backends: Paper...) -> String
    {
      ConvolutionKernels(choice, precision: precision, backends: .init(backends)).summary
    }
    #expect(summary(.auto, .f32, Self.a) == "winograd")
    #expect(summary(.auto, .f32, Self.a, Self.b) == "winograd")
    #expect(summary(.auto, .bf16, Self.a, Self.b) == "winograd and bf16 (B 1 on paper)")
    #expect(summary(.library("b"), .f32, Self.a, Self.b) == "direct (B 1 on paper)")
    #expect(summary(.direct, .f32, Self.a) == "direct")
    #expect(summary(.auto, .f32, Self.b) == "direct")
    var backend = Self.a
    backend.absent = ["quick"]
    #expect(summary(.auto, .f32, backend) == "direct")
  }

  @Test func aTableMayNameSeveralBackends() throws {
    let backends = ConvolutionBackends([OneDNNBackend(), Self.a])
    var table = KernelTable(measuredWith: backends.libraries)
    table.append(Self.shape, [.forward: Self.quick, .backwardData: OneDNNBackend.winograd])
    #expect(table.items[1] == "a=1 instruction_set=paper")
    #expect(table.items[2].hasSuffix(" forward=a:quick backward_data=onednn:winograd"))
    #expect(try KernelTable(items: table.items, backends: backends) == table)
    #expect(chosen(.table(table), .f32, Self.a) == Self.quick)
    let error = #expect(throws: KernelTable.Problem.self) {
      try KernelTable(items: [table.items[0], table.items[2]])
    }
    #expect(
      error?.description
        == "has 'forward=a:quick', which must be one of winograd, direct, onednn:direct, "
        + "onednn:winograd, onednn:bf16")
  }

  @Test func withoutAKernelThereIsOneSentence() {
    let kernels = ConvolutionKernels(.auto, backends: .init([Self.a]))
    let error = #expect(throws: LayerError.self) { try kernels.makeKernel(for: problem) }
    #expect(
      error.map { "\($0)" }
        == "forward of 2×4×5×5 → 4, 3×3/1+1 cannot be computed here: it is made of paper")
  }

  /// A table from another machine: direct code takes over.
  @Test func directCodeTakesOver() throws {
    var table = KernelTable(measuredWith: [])
    table.append(Self.shape, [.forward: Self.quick])
    let backends = ConvolutionBackends([PlainBackend(), Self.a])
    let kernel = try ConvolutionKernels(.table(table), backends: backends).makeKernel(for: problem)
    #expect(kernel.algorithm == PlainBackend.plain)
  }

  // MARK: Kernels

  static let shapes = [
    (2, 5, 7, 6, 5, 3, 1, 1), (3, 16, 16, 9, 9, 3, 1, 1), (2, 8, 12, 8, 10, 3, 2, 1),
    (2, 3, 8, 6, 6, 3, 1, 2),
    (1, 33, 20, 4, 4, 3, 1, 1), (3, 16, 32, 5, 5, 1, 2, 0), (1, 3, 16, 13, 11, 7, 2, 3),
    (2, 1, 1, 1, 1, 1, 1, 0),
    (1, 4, 4, 3, 3, 3, 1, 0),
  ].map {
    ConvolutionShape(
      rows: $0.0, inChannels: $0.1, height: $0.3, width: $0.4, outChannels: $0.2, kernelSize: $0.5,
      stride: $0.6, padding: $0.7)
  }

  /// y, dx and dw of the layer by one algorithm.
  private func results(
    _ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm, _ backends: ConvolutionBackends
  ) throws -> [[Float]] {
    var numbers = TestNumbers(seed: 6)
    let layer = Convolution(
      "test", inChannels: shape.inChannels, outChannels: shape.outChannels, kernelSize: shape.kernelSize,
      stride: shape.stride, padding: shape.padding, kernels: .always(algorithm, shape, backends: backends))
    layer.weight.array = numbers.normals(layer.weight.count)
    let pass = PassVariant(shardSize: shape.rows).pass(rows: shape.rows)
    func map(_ channels: Int, _ height: Int, _ width: Int) -> Tensor {
      Tensor(
        shape: [shape.rows, channels, height, width], lanes: pass.lanes,
        numbers.normals(shape.rows * channels * height * width))
    }
    let x = map(shape.inChannels, shape.height, shape.width)
    let dy = map(shape.outChannels, shape.outHeight, shape.outWidth)
    let y = try layer.forward(x, in: pass)
    let dx = try layer.backward(dy, input: x, in: pass)
    return [y.values, try #require(dx).values, layer.weight.gradientArray]
  }

  /// Whatever is linked computes what the definition says, in all directions.
  @Test(arguments: shapes)
  func everyAlgorithmAgreesWithTheDefinition(shape: ConvolutionShape) throws {
    let expected = try results(shape, PlainBackend.plain, .init([PlainBackend()]))
    for algorithm in ConvolutionBackends.linked.available {
      let found = try results(shape, algorithm, .linked)
      let tolerance = algorithm.precision == .f32 ? 1e-5 : 2e-2
      for (name, (found, expected)) in zip(["y", "dx", "dw"], zip(found, expected)) {
        #expect(maxRelativeToLargest(found, expected) < tolerance, "\(name), \(algorithm)")
      }
    }
  }

  /// oneDNN's own account of what it has is what it makes.
  @Test func whatIsAvailableCanBeMade() throws {
    let shape = ConvolutionShape(
      rows: 4, inChannels: 32, height: 8, width: 8, outChannels: 32, kernelSize: 3, stride: 1, padding: 1)
    for backend in ConvolutionBackends.linked.all {
      for algorithm in backend.algorithms {
        for direction in Convolution.Direction.allCases {
          let problem = ConvolutionProblem(shape, direction)
          let kernel = try? backend.makeKernel(algorithm, problem)
          #expect((kernel != nil) == algorithm.isAvailable, "\(algorithm), \(direction)")
          #expect(kernel.map(\.algorithm) ?? algorithm == algorithm)
        }
      }
    }
  }
}
