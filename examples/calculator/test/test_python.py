import json
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / 'python'))

import index  # noqa: E402

CASES = json.loads((ROOT / 'cases.json').read_text(encoding='utf8'))


class Cases(unittest.TestCase):
    def test_events(self):
        for case in CASES:
            with self.subTest(case['title']):
                if 'answer' in case:
                    self.assertEqual(index.handler(case['event'], None), case['answer'])
                    continue
                with self.assertRaises(index.InputError) as raised:
                    index.handler(case['event'], None)
                error = raised.exception
                self.assertEqual(type(error).__name__, case['error']['errorType'])
                self.assertEqual(str(error), case['error']['errorMessage'])

    def test_http(self):
        for case in CASES:
            with self.subTest(case['title']):
                event = {'requestContext': {'http': {'method': 'POST'}}, 'body': json.dumps(case['event'])}
                answer = index.handler(event, None)
                self.assertEqual(answer['statusCode'], 200 if 'answer' in case else 400)
                self.assertEqual(json.loads(answer['body']), case.get('answer') or case['error'])


if __name__ == '__main__':
    unittest.main()
