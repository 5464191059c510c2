internal import CLightGBM

/// A table of numbers, row by row.
package struct FeatureTable: Sendable, Hashable {
    package static let valuesMax = 50_000_000

    package let columns: Int
    package private(set) var values: [Double] = []

    package init(columns: Int) { self.columns = columns }

    package var rows: Int { columns == 0 ? 0 : values.count / columns }

    /// `row` has `columns` values.
    package mutating func append(_ row: [Double]) {
        precondition(row.count == columns, "a row of \(row.count) values in a table of \(columns) columns")
        values.append(contentsOf: row)
    }
}

/// Trees trained by gradient boosting.
package struct GradientBoosting: Sendable, Hashable {
    package var leaves = 15
    package var learningRate = 0.05
    package var rounds = 100
    package var rowsPerLeafMin = 40

    package init() {}

    /// One thread, no sampling, a fixed order of sums: the same table gives the same trees, bit for bit, with the same
    /// library on the same kind of processor.
    private var parameters: String {
        [
            "objective=regression_l1", "num_leaves=\(leaves)", "learning_rate=\(learningRate)",
            "min_data_in_leaf=\(rowsPerLeafMin)", "num_threads=1", "deterministic=true", "force_row_wise=true",
            "seed=1",
            "bagging_fraction=1.0", "feature_fraction=1.0", "verbosity=-1",
        ].joined(separator: " ")
    }

    /// Trains on `table` and `labels` (one for each row) and answers the rows of `asked`.
    package func predict(
        _ asked: FeatureTable, trainedOn table: FeatureTable, labels: [Float], with library: LightGBMLibrary
    ) throws(LightGBMError) -> [Double] {
        guard table.rows == labels.count, table.rows > 0, asked.columns == table.columns,
            table.values.count <= FeatureTable.valuesMax, asked.values.count <= FeatureTable.valuesMax
        else {
            throw LightGBMError(
                "a model needs a label for each of 1 row or more, and questions of as many columns: there are "
                    + "\(table.rows) rows, \(labels.count) labels, \(table.columns) and \(asked.columns) columns")
        }
        var dataset: cw_lgbm_handle?
        try library.check(
            library.makeDataset(
                table.values, Int32(CW_LGBM_FLOAT64), Int32(table.rows), Int32(table.columns), 1, parameters,
                nil,
                &dataset), "the training table was not taken")
        defer { _ = library.freeDataset(dataset) }
        try library.check(
            library.setField(dataset, "label", labels, Int32(labels.count), Int32(CW_LGBM_FLOAT32)),
            "the labels were not taken")
        var booster: cw_lgbm_handle?
        try library.check(library.makeBooster(dataset, parameters, &booster), "the model was not made")
        defer { _ = library.freeBooster(booster) }
        for _ in 0..<rounds {
            var isFinished: Int32 = 0
            try library.check(library.update(booster, &isFinished), "the model was not trained")
            if isFinished != 0 { break }
        }
        return try answers(of: booster, asked, library)
    }

    private func answers(
        of booster: cw_lgbm_handle?, _ asked: FeatureTable, _ library: LightGBMLibrary
    ) throws(LightGBMError) -> [Double] {
        var answers = [Double](repeating: 0, count: asked.rows)
        var count: Int64 = 0
        try library.check(
            library.predict(
                booster, asked.values, Int32(CW_LGBM_FLOAT64), Int32(asked.rows), Int32(asked.columns), 1,
                Int32(CW_LGBM_PREDICT_NORMAL), 0, -1, parameters, &count, &answers),
            "the model gave no answer")
        guard count == Int64(asked.rows) else {
            throw LightGBMError("the model answered \(count) of \(asked.rows) questions")
        }
        return answers
    }
}
