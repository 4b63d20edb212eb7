import GoldenCases
import Tensors
import TestSupport
import Testing

@testable import Layers

private let direct = OneDNNBackend.direct
private let winograd = OneDNNBackend.winograd
private let bf16 = OneDNNBackend.bf16

/// Which of oneDNN's algorithms computes which convolution where there is nothing else, and tables.
@Suite struct ConvolutionKernelsTests {
  private static let library = ConvolutionLibrary(
    name: "Sluice", version: "1", instructionSet: "avx512")

  private func shape(
    _ channels: Int, _ size: Int, rows: Int = 64, kernelSize: Int = 3, stride: Int = 1
  ) -> ConvolutionShape {
    ConvolutionShape(
      rows: rows, inChannels: channels, height: size, width: size, outChannels: channels * stride,
      kernelSize: kernelSize, stride: stride, padding: kernelSize / 2)
  }

  private func chosen(
    _ kernels: ConvolutionKernels, _ shape: ConvolutionShape, _ direction: Convolution.Direction
  ) -> ConvolutionAlgorithm? {
    var kernels = kernels
    kernels.backends = .init([OneDNNBackend()])
    return kernels.algorithm(for: ConvolutionProblem(shape, direction, inLanes: 16, lanes: 16))
  }

  /// Measured on the machine that the rule was fitted to, by margins beyond its error.
  @Test(.enabled(if: winograd.isAvailable, "there is no Winograd here"))
  func winogradIsTakenWhereItWins() {
    for (channels, size) in [
      (64, 32), (64, 34), (128, 16), (128, 17), (256, 8), (256, 9), (512, 4), (64, 56),
    ] {
      for direction in Convolution.Direction.allCases {
        #expect(
          chosen(.auto, shape(channels, size), direction) == winograd, "\(channels), \(size), \(direction)")
      }
    }
    // Tiles of 4×4 waste most of a 5×5 map, and few tiles do not repay the transformed weights.
    #expect(chosen(.auto, shape(512, 5), .forward) == direct)
    #expect(chosen(.auto, shape(512, 5), .backwardData) == direct)
    #expect(chosen(.auto, shape(512, 5), .backwardWeights) == winograd)
    #expect(chosen(.auto, shape(512, 4, rows: 4), .forward) == direct)
    #expect(chosen(.auto, shape(64, 32, stride: 2), .forward) == direct)
    #expect(chosen(.auto, shape(64, 32, kernelSize: 1), .forward) == direct)
    #expect(chosen(.direct, shape(64, 32), .forward) == direct)
  }

  @Test(.enabled(if: bf16.isAvailable, "the processor has no bf16 instructions"))
  func bf16IsTakenWhereItWins() {
    let kernels = ConvolutionKernels(.auto, precision: .bf16)
    for direction in Convolution.Direction.allCases {
      #expect(chosen(kernels, shape(64, 32, stride: 2), direction) == bf16)
      #expect(chosen(kernels, shape(128, 16, kernelSize: 1, stride: 2), direction) == bf16)
      #expect(chosen(kernels, shape(512, 5), direction) == bf16)
      #expect(chosen(.auto, shape(64, 32, stride: 2), direction) == direct)
      #expect(
        chosen(ConvolutionKernels(.direct, precision: .bf16), shape(64, 32), direction) == bf16)
      if winograd.isAvailable {
        #expect(chosen(kernels, shape(64, 32), direction) == winograd)
      }
    }
  }

  @Test func aTableDecidesAndTheRuleFillsItsGaps() {
    var table = KernelTable(measuredWith: [Self.library])
    table.append(shape(64, 32), [.forward: direct, .backwardData: bf16])
    let kernels = ConvolutionKernels(.table(table))
    #expect(chosen(kernels, shape(64, 32), .forward) == direct)
    // Not with precision f32.
    #expect(chosen(kernels, shape(64, 32), .backwardData) == chosen(.auto, shape(64, 32), .backwardData))
    #expect(
      chosen(kernels, shape(64, 32), .backwardWeights) == chosen(.auto, shape(64, 32), .backwardWeights))
    #expect(
      chosen(kernels, shape(64, 32, rows: 32), .forward) == chosen(.auto, shape(64, 32, rows: 32), .forward))
    let inBF16 = ConvolutionKernels(.table(table), precision: .bf16)
    #expect(chosen(inBF16, shape(64, 32), .backwardData) == bf16)
  }

  @Test func aTableReadsBackFromItsText() throws {
    var table = KernelTable(measuredWith: [Self.library])
    table.append(shape(64, 32), [.forward: winograd, .backwardData: direct, .backwardWeights: bf16])
    table.append(shape(64, 32, stride: 2), [.forward: bf16, .backwardWeights: bf16])
    #expect(try KernelTable(items: table.items) == table)
    #expect(table.items[0] == "sluice=1 instruction_set=avx512")
    #expect(
      table.items[1]
        == "rows=64 in=64x32x32 out=64 kernel=3 stride=1 padding=1 forward=onednn:winograd "
        + "backward_data=onednn:direct backward_weights=onednn:bf16")
    var other = table
    other.append(shape(8, 8), [:])
    #expect(other != table)
  }

  @Test(arguments: [
    ("rows=64", "has no 'in='"),
    ("rows=64 in=64x32 out=64 kernel=3 stride=1 padding=1", "has 'in=64x32', which must be like in=64x32x32"),
    (
      "rows=0 in=4x4x4 out=64 kernel=3 stride=1 padding=1",
      "has '0' for 'rows', which must be a whole number of at least 1"
    ),
    (
      "rows=1 in=4x4x4 out=64 kernel=3 stride=1 padding=1 forward=fast",
      "has 'forward=fast', which must be one of winograd, direct, onednn:direct, onednn:winograd, onednn:bf16"
    ),
    (
      "rows=1 in=4x4x4 out=64 kernel=3 stride=1 padding=1 sideways=direct",
      "has 'sideways=', which means nothing there"
    ),
    ("rows 64", "has 'rows' where a word like rows=64 must stand"),
    ("rows=1 rows=2", "gives 'rows' more than once"),
  ])
  func saysWhatIsWrongWithAnItem(text: String, problem: String) {
    let error = #expect(throws: KernelTable.Problem.self) {
      try KernelTable(items: ["onednn=2 instruction_set=any", text])
    }
    #expect(error == .init(item: 1, description: problem))
  }

  @Test(arguments: [
    ([], 0, "is missing"),
    (
      ["rows=1 in=4x4x4 out=4 kernel=1 stride=1 padding=0"], 0,
      "names no library where a line like onednn=2.6.3 instruction_set=avx2 must stand"
    ),
    (
      ["other=1 instruction_set=any"], 0,
      "names no library of convolutions that is here (there is sluice, onednn)"
    ),
    (["onednn=2 instruction_set=any more=1"], 0, "has 'more=', which means nothing there"),
    (
      ["onednn=2 instruction_set=any", "rows=1 in=4x4x4 out=4 kernel=1 stride=1 padding=0 forward=direct"], 0,
      "is of a version that had no kernels of its own, where the same names meant oneDNN's: write a new table with "
        + "'sluice bench kernels --write'"
    ),
  ])
  func saysWhatIsWrongWithItsLibraries(items: [String], item: Int, problem: String) {
    let error = #expect(throws: KernelTable.Problem.self) { try KernelTable(items: items) }
    #expect(error == .init(item: item, description: problem))
  }

  @Test func aLibraryMayBeAskedFor() {
    let kernels = ConvolutionKernels(.library("onednn"))
    let problem = ConvolutionProblem(shape(64, 32, stride: 2), .forward, inLanes: 16, lanes: 16)
    #expect(kernels.algorithm(for: problem) == direct)
    #expect(ConvolutionKernels(.auto).algorithm(for: problem) == SluiceBackend.direct)
    #expect(ConvolutionKernels(.library("sluice")).algorithm(for: problem) == SluiceBackend.direct)
    #expect(kernels.candidates(for: problem).allSatisfy { $0.backend == OneDNNBackend.name })
  }

  @Test func aTableHasAShapeOnce() {
    let item = "rows=1 in=4x4x4 out=64 kernel=3 stride=1 padding=1 forward=direct"
    let error = #expect(throws: KernelTable.Problem.self) {
      try KernelTable(items: ["onednn=2 instruction_set=any", item, item])
    }
    #expect(error?.description == "repeats a convolution")
  }
}
