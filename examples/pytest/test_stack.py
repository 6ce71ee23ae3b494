"""Tests against a throw-away stack, for pytest or unittest:

    cd examples/web-cache-database && stackctl test -- pytest ../pytest
"""

import os
import unittest
import urllib.error
import urllib.request


@unittest.skipUnless(os.environ.get("STACKCTL_PROJECT"), "run me with: stackctl test -- pytest")
class TestStack(unittest.TestCase):
    def test_the_site_answers(self):
        try:
            status = urllib.request.urlopen(os.environ["STACKCTL_URL_WEB"], timeout=10).status
        except urllib.error.HTTPError as error:
            status = error.code
        self.assertLess(status, 500)


if __name__ == "__main__":
    unittest.main()
