import Benchmarks
import Foundation
import Testing

@Suite struct LossBenchmarkTests {
  private func benchmark(
    embeddings: Int = 48, dimension: Int = 6, ranks: Int = 4, temperature: Double = 0.2, threads: Int = 1,
    repeats: Int = 1
  ) throws -> LossBenchmark {
    try LossBenchmark(
      embeddings: embeddings, dimension: dimension, ranks: ranks, temperature: temperature, threads: threads,
      repeats: repeats)
  }

  /// Where nothing differs, every one of the others is as likely: of all ranks, not of this one.
  @Test(arguments: [1, 2, 4])
  func comparesWithTheEmbeddingsOfAllRanks(ranks: Int) throws {
    let result = try benchmark(ranks: ranks, temperature: 1e6).run()
    #expect(abs(result.loss - log(47)) < 1e-5)
    #expect(result.benchmark.local == 48 / ranks)
    #expect(result.largestMatrixMB == 4e-6 * 48 * 48 / Double(ranks))
  }

  @Test func threadsChangeNoBit() throws {
    let losses = try [1, 2, 3].map { try benchmark(embeddings: 512, ranks: 2, threads: $0).run().loss }
    #expect(Set(losses).count == 1)
  }

  @Test func whatCannotBeIsExplained() {
    #expect(throws: LossBenchmarkError.noPairs(embeddings: 46, ranks: 4)) { try benchmark(embeddings: 46) }
    #expect(throws: LossBenchmarkError.noPairs(embeddings: 2, ranks: 4)) { try benchmark(embeddings: 2) }
    #expect(throws: LossBenchmarkError.outside("dimension", 1, 2...Int(Int32.max))) {
      try benchmark(dimension: 1)
    }
    for temperature in [0, -1, 1e-40, .infinity] {
      #expect(throws: LossBenchmarkError.temperature(temperature)) { try benchmark(temperature: temperature) }
    }
    let error = #expect(throws: LossBenchmarkError.self) { try benchmark(embeddings: 1 << 30, ranks: 1) }
    #expect(error?.description.hasSuffix("use more --ranks or fewer --embeddings.") == true)
    #expect(
      LossBenchmarkError.noPairs(embeddings: 2, ranks: 4).description
        == "--embeddings 2 cannot be dealt out in pairs to --ranks 4: use --embeddings 8.")
  }
}
