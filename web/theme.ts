import { createTheme, localStorageColorSchemeManager } from '@mantine/core';
import '@mantine/core/styles/baseline.layer.css';
import '@mantine/core/styles/default-css-variables.layer.css';
import '@mantine/core/styles/global.layer.css';
import '@mantine/core/styles/UnstyledButton.layer.css';
import '@mantine/core/styles/Button.layer.css';
import '@mantine/core/styles/Text.layer.css';
import '@mantine/core/styles/Title.layer.css';
import '@mantine/core/styles/Anchor.layer.css';
import '@mantine/core/styles/Input.layer.css';
import '@mantine/core/styles/Loader.layer.css';
import '@mantine/core/styles/Skeleton.layer.css';
import '@mantine/core/styles/VisuallyHidden.layer.css';
import '@mantine/core/styles/PasswordInput.layer.css';
import '@mantine/core/styles/ActionIcon.layer.css';
import './theme.css';

/** Fonts, colours and radii are CSS variables in `theme.css`: Mantine would write them into a style element otherwise. */
export const theme = createTheme({ respectReducedMotion: true, cursorType: 'pointer' });

/** The key is also read by `boot.ts`. */
export const schemeManager = localStorageColorSchemeManager({ key: 'funade-color-scheme' });
